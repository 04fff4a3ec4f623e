import { createHash, randomBytes } from 'node:crypto';
import type { Config } from '../../functions/model/wire/person-wire.ts';
import { showAddress } from './browser.ts';
import { tokensFrom } from '../token-store/claims.ts';
import { byDevice } from './device.ts';
import { CliError, exitCodes } from '../context.ts';
import {
  askForTokens,
  discoverIssuer,
  type Issuer,
  knownScopes,
  ScopeRefused,
} from './oidc-client.ts';
import {
  anyPortRedirect,
  loopbackRedirect,
  onAnyPort,
} from '../../functions/model/loopback-redirect.ts';
import { patienceMs, startLoopback } from './loopback.ts';
import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import { connectionOf } from './connect.ts';
import { readConfig } from '../endpoint/endpoint-config.ts';
import { requireTrust } from '../endpoint/endpoint-trust.ts';
import { enrollKey, removeReplacedKey } from './enroll-key.ts';
import { newMachineKey, thumbprintOf } from '../token-store/machine-key.ts';
import { readPastedAddress } from './pasted-address.ts';
import {
  readTokens,
  readyForTokens,
  storeTokens,
  type Tokens,
} from '../token-store/token-files.ts';
import { defined } from '../../functions/model/defined.ts';
import { oneLine } from '../../functions/model/outside-text.ts';

export type MusterSignIn = {
  readonly endpoint: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Opens a browser; else only the address is printed. */
  readonly browser: boolean;
  /** The browser may be on another machine: the person can paste the address where it ended. */
  readonly pasted: boolean;
  /** The browser is on another device. The sign-in has no key then, and can only read. */
  readonly device: boolean;
  /** Asks the person at the terminal; absent without a terminal. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
  readonly info: (line: string) => void;
  /** What the person needs also with `--quiet`: the address, the code. */
  readonly instruct: (line: string) => void;
  /** Ctrl-C: ends it with its AbortError. */
  readonly interrupted: AbortSignal;
  readonly now: () => Date;
};

/**
 * Signs a person in to the endpoint, after `requireTerminal`. Throws with exit code 3 when it fails;
 * an earlier sign-in stays.
 */
export async function signInToMuster(wanted: MusterSignIn): Promise<SignedIn> {
  await readyForTokens(wanted.endpoint, wanted.environment);
  const config = await readConfig(wanted.endpoint);
  await requireTrust(config, wanted);
  const issuer = await discoverIssuer(config.issuer);
  const { audienceScopes: added = [], optionalScopes = [] } = config;
  const known = knownScopes(issuer, optionalScopes);
  const first = { ...config, scopes: [...config.scopes, ...known] };
  return signIn(issuer, first, wanted).catch((error: unknown) => {
    const unsure = added.length > 0 ? added : known.filter((scope) => scope !== 'offline_access');
    if (!(error instanceof ScopeRefused) || unsure.length === 0) throw error;
    // One MCPServer that names an audience the issuer does not know must not lock everyone out,
    // and neither must a scope that the issuer lists but does not allow to this client.
    const scopes = first.scopes.filter((scope) => !unsure.includes(scope));
    wanted.info(
      added.length > 0 ? withoutAudiences(issuer, added) : withoutOptional(issuer, unsure),
    );
    return signIn(issuer, { ...config, scopes }, wanted);
  });
}

const withoutAudiences = ({ issuer }: Issuer, added: readonly string[]): string =>
  `${issuer} refused the scopes that MCPServers added: ${oneLine(added.join(', '), 300)}.\nSigning in without them. Servers that require these audiences stay Pending Auth. Ask their owners to check spec.auth.requiredAudiences.\n`;

const withoutOptional = ({ issuer }: Issuer, scopes: readonly string[]): string =>
  `${issuer} does not allow the scope ${scopes.join(', ')} to this client.\nSigning in without it.\n`;

async function signIn(issuer: Issuer, config: Config, wanted: MusterSignIn): Promise<SignedIn> {
  if (!wanted.device) return byLoopback(issuer, config, wanted);
  const tokens = await byDevice(issuer, config, wanted);
  await storeTokens(tokens, wanted.environment, wanted.info);
  return connectionOf(tokens, wanted.now);
}

/** The connection of a person who is signed in. */
export type SignedIn = ReturnType<typeof connectionOf>;

/**
 * Authorization code with PKCE (RFC 7636), state, nonce and the issuer's name (RFC 9207), back on a
 * loopback page (RFC 8252). The nonce is the thumbprint of a new key: the issuer signs that this
 * sign-in belongs to it.
 */
async function byLoopback(issuer: Issuer, config: Config, wanted: MusterSignIn): Promise<SignedIn> {
  const { clientId, publicClientSecret, scopes, parameters: added, resource } = config;
  const { endpoint, environment, browser, pasted, info, instruct, interrupted, now } = wanted;
  const [verifier, state, key] = [random(), random(), newMachineKey()];
  const nonce = thumbprintOf(key);
  let paste: ReturnType<typeof readPastedAddress> | undefined;
  const redirect = loopbackRedirect(config.redirect ?? anyPortRedirect) ?? onAnyPort('/callback');
  const isExpected = (query: URLSearchParams) => query.get('state') === state;
  const loopback = await startLoopback(redirect.path, isExpected, redirect);
  try {
    const address = new URL(issuer.authorizationEndpoint);
    const parameters = defined({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: loopback.address,
      scope: scopes.join(' '),
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource,
      // OpenID Connect Core 1.0, section 11: offline access needs consent,
      // where the issuer supports it.
      prompt: issuer.asksForConsent && scopes.includes('offline_access') ? 'consent' : undefined,
      ...added,
    });
    for (const [key, value] of Object.entries(parameters)) address.searchParams.set(key, value);
    showAddress(address.href, { browser, info: instruct, from: issuer.issuer });
    if (pasted) paste = readPastedAddress(loopback.accept, info);

    const { query, say } = await loopback.arrival(patienceMs, { info, interrupted });
    paste?.stop();
    try {
      const tokens = await redeemCode(query, issuer, {
        verifier,
        clientId,
        publicClientSecret,
        redirectUri: loopback.address,
        nonce,
        endpoint,
        resource,
        now: now(),
      });
      const signedIn = await keepSignIn({ ...tokens, key }, { environment, info, now });
      say('You are signed in', 'Go back to your terminal. You may close this page.');
      return signedIn;
    } catch (error) {
      say('The sign-in failed', 'See your terminal for the reason. You may close this page.');
      throw error;
    }
  } finally {
    paste?.stop();
    loopback.close();
  }
}

/** Registers the key and stores the sign-in; an earlier one is replaced only when both succeed. */
async function keepSignIn(
  tokens: Tokens,
  { environment, info, now }: Pick<MusterSignIn, 'environment' | 'info' | 'now'>,
): Promise<SignedIn> {
  const connection = connectionOf(tokens, now);
  await enrollKey(connection, tokens);
  const earlier = await readTokens(tokens.endpoint, environment, info).catch(onlyUnreadable);
  await storeTokens(tokens, environment, info);
  await removeReplacedKey(connection, earlier);
  return connection;
}

/** A file that holds something else is replaced. */
function onlyUnreadable(error: unknown): undefined {
  if (!(error instanceof CliError)) throw error;
}

type Redemption = {
  readonly verifier: string;
  readonly clientId: string;
  readonly publicClientSecret: string | undefined;
  readonly redirectUri: string;
  readonly nonce: string;
  readonly endpoint: string;
  readonly resource: string | undefined;
  readonly now: Date;
};

async function redeemCode(
  query: URLSearchParams,
  issuer: Issuer,
  redemption: Redemption,
): Promise<Tokens> {
  const { verifier, redirectUri, resource, ...expected } = redemption;
  const granted = await askForTokens(
    issuer,
    redemption,
    defined({
      grant_type: 'authorization_code',
      code: codeIn(query, issuer),
      redirect_uri: redirectUri,
      code_verifier: verifier,
      resource,
    }),
  );
  if (granted.kind === 'refused')
    throw failed(`${issuer.issuer} refused the code: ${granted.description ?? granted.error}`);
  return tokensFrom(granted, { ...expected, issuer: issuer.issuer, resource });
}

/**
 * The code that the browser brought. Throws when it brought an error, or came from another issuer.
 */
function codeIn(query: URLSearchParams, { issuer, namesItself }: Issuer): string {
  const name = query.get('iss');
  if (name === null ? namesItself : name !== issuer)
    throw failed('The response came from another issuer than expected');
  const error = query.get('error');
  if (error === 'invalid_scope') throw new ScopeRefused(issuer);
  if (error !== null)
    throw failed(
      `${issuer} refused the sign-in: ${oneLineWithoutSecrets(query.get('error_description') ?? error, 300)}`,
    );
  const code = query.get('code');
  if (code === null) throw failed(`${issuer} returned no code`);
  return code;
}

const failed = (message: string): CliError =>
  new CliError(`${message}.`, { exitCode: exitCodes.signInFailed, hint: 'Try again.' });

const random = (): string => randomBytes(32).toString('base64url');
