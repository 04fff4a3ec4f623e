/** Where people sign in, and how the command line does it. */
import { isAddedParameter } from '../model/authorization-parameters.ts';
import { defined } from '../model/defined.ts';
import { loopbackHosts, loopbackRedirect } from '../model/loopback-redirect.ts';
import { validScopes } from '../model/scopes.ts';
import type { Reader } from '../model/setting-reader.ts';

type SignInSettings = {
  readonly scopes: readonly string[];
  /** Only where the issuer lists them. */
  readonly optionalScopes: readonly string[];
  /** Exactly as it was written: issuers compare it so. */
  readonly redirect: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly publicClientSecret?: string;
};

/** Over http anyone in between could sign in as anyone; to loopback there is nothing in between. */
export function secureIssuer(from: Reader): string {
  const issuer = from.address('OIDC_ISSUER');
  const { protocol, hostname } = from.url('OIDC_ISSUER');
  if (protocol !== 'https:' && !loopbackHosts.has(hostname) && !hostname.endsWith('.localhost'))
    from.report(`OIDC_ISSUER is "${issuer}". Give it an https address.`);
  return issuer;
}

export function signInSettings(from: Reader): SignInSettings {
  const all = from.text('OIDC_SCOPES').split(' ');
  const isOptional = (scope: string) => scope.endsWith('?');
  return defined({
    scopes: validScopes(all.filter((scope) => !isOptional(scope))),
    optionalScopes: validScopes(all.filter(isOptional).map((scope) => scope.slice(0, -1))),
    redirect: redirect(from),
    parameters: parameters(from),
    publicClientSecret: from.optionalText('OIDC_PUBLIC_CLIENT_SECRET'),
  });
}

function redirect(from: Reader): string {
  const text = from.text('OIDC_REDIRECT');
  if (loopbackRedirect(text) === undefined)
    from.report(
      `OIDC_REDIRECT is "${text}". Give it an address of this kind: http://127.0.0.1:8765/callback (host 127.0.0.1, localhost or [::1]; any port but 80).`,
    );
  return text;
}

function parameters(from: Reader): Readonly<Record<string, string>> {
  const given = [...new URLSearchParams(from.optionalText('OIDC_PARAMETERS') ?? '')];
  const reserved = given.map(([name]) => name).filter((name) => !isAddedParameter(name));
  if (reserved.length > 0)
    from.report(
      `OIDC_PARAMETERS has "${reserved.join('", "')}". The command line sets these itself. Remove them.`,
    );
  return Object.fromEntries(given);
}
