import type { Config } from '../../functions/model/wire/person-wire.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { CliError, exitCodes } from '../context.ts';
import type { Surroundings } from '../token-store/config-folder.ts';
import {
  changeEndpoints,
  freeName,
  readEndpoints,
  type TrustedEndpoint,
  type TrustedEndpoints,
  withEndpoint,
} from './trusted-endpoints.ts';
import { isLoopback } from './web-address.ts';

export type TrustVerdict =
  | { readonly kind: 'trusted' }
  /** `sharedWith`: other endpoints that accept the token of this sign-in. */
  | { readonly kind: 'unknown'; readonly sharedWith: readonly string[] }
  /** It now names another issuer or client id than the person trusted. */
  | { readonly kind: 'changed'; readonly known: TrustedEndpoint };

/**
 * Whether the person has agreed to sign in to this endpoint at the issuer that it names. Where all
 * of it is on this machine, as with `npm start`, a change is no more than a restart.
 */
export function trustOf(
  endpoint: string,
  { issuer, clientId }: Pick<Config, 'issuer' | 'clientId'>,
  { endpoints }: TrustedEndpoints,
): TrustVerdict {
  const known = endpoints.find((one) => one.endpoint === endpoint);
  if (known?.issuer === issuer && known.clientId === clientId) return { kind: 'trusted' };
  const isLocal = (address: string) => URL.canParse(address) && isLoopback(new URL(address));
  if (known !== undefined && ![endpoint, issuer, known.issuer].every(isLocal))
    return { kind: 'changed', known };
  const sharedWith = endpoints
    .filter((one) => one.endpoint !== endpoint)
    .filter((one) => one.issuer === issuer && one.clientId === clientId)
    .map((one) => one.endpoint);
  return { kind: 'unknown', sharedWith };
}

export type TrustQuestion = {
  readonly endpoint: string;
  readonly environment: Surroundings;
  /** Asks the person at the terminal; absent without a terminal. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
  readonly info: (line: string) => void;
};

/**
 * Throws with exit code 1, before anything is sent, where there is no person to ask about an endpoint
 * that is not on this machine and not known.
 */
export async function requireTerminal(asked: TrustQuestion): Promise<void> {
  const { endpoint, environment, confirm, info } = asked;
  if (confirm !== undefined || isLoopback(new URL(endpoint))) return;
  const stored = await readEndpoints(environment, info);
  if (!stored.endpoints.some((one) => one.endpoint === endpoint))
    throw notTrusted(endpoint, stored);
}

/**
 * Asks the person once before the first sign-in to an endpoint, and remembers the answer. Without a
 * terminal an endpoint on this machine is trusted, and one line says so. Throws unless the endpoint
 * is trusted.
 */
export async function requireTrust(config: Config, asked: TrustQuestion): Promise<void> {
  const { endpoint, environment, confirm, info } = asked;
  const stored = await readEndpoints(environment, info);
  const verdict = trustOf(endpoint, config, stored);
  switch (verdict.kind) {
    case 'trusted':
      return;
    case 'changed':
      throw changed(config, verdict.known, stored);
    case 'unknown':
      if (confirm === undefined) {
        if (!isLoopback(new URL(endpoint))) throw notTrusted(endpoint, stored);
        info(
          `First sign-in to ${endpoint}. It is on this machine, so it is trusted (issuer ${config.issuer}, client ID ${config.clientId}).`,
        );
      } else {
        info('This is your first sign-in to this endpoint.');
        for (const line of trustLines(endpoint, config, verdict.sharedWith)) info(line);
        if (!(await confirm('Do you trust it with your sign-in? [y/N] ')))
          throw new CliError(`You did not confirm ${endpoint}, so you are not signed in to it.`, {
            exitCode: exitCodes.signInFailed,
            hint: 'Ask the person who gave you its address.',
          });
      }
      await remember(config, asked);
  }
}

/** The first sign-in makes a context of the endpoint: later commands need no address. */
async function remember(config: Config, asked: TrustQuestion): Promise<void> {
  const { current, endpoints } = await rememberEndpoint(config, asked);
  const name = endpoints.find(({ endpoint }) => endpoint === asked.endpoint)?.name ?? '';
  asked.info(
    current === name
      ? `Remembered as the context ${name}, the current one.`
      : `Remembered as the context ${name}. To make it the current one, run: muster context use ${name}`,
  );
}

/** What a person has to know of an endpoint before they trust it, a line each. */
export function trustLines(
  endpoint: string,
  { issuer, clientId, scopes, optionalScopes = [] }: Config,
  sharedWith: readonly string[],
): readonly string[] {
  return [
    `  Endpoint:   ${endpoint}`,
    `  Issuer:     ${oneLine(issuer, 200)}`,
    `  Client ID:  ${oneLine(clientId, 200)}`,
    `  Scopes:     ${oneLine(scopes.join(' '), 500)}${ifListed(optionalScopes)}`,
    ...sharedWith.map(
      (other) =>
        `  Warning:    ${other} has the same issuer and client ID. The owner of the new endpoint can use your token there.`,
    ),
  ];
}

const ifListed = (scopes: readonly string[]): string =>
  scopes.length === 0 ? '' : ` ${oneLine(`(if the issuer lists them: ${scopes.join(' ')})`, 500)}`;

/** Stores that the person trusts it, under this name, the one that it has, or a free one. */
export const rememberEndpoint = (
  { issuer, clientId }: Config,
  { endpoint, environment, info }: TrustQuestion,
  name?: string,
): Promise<TrustedEndpoints> =>
  changeEndpoints(environment, info, (stored) => {
    const known = stored.endpoints.find((one) => one.endpoint === endpoint);
    return withEndpoint(stored, {
      endpoint,
      issuer,
      clientId,
      name: name ?? known?.name ?? freeName(stored, endpoint),
    });
  });

const notTrusted = (endpoint: string, stored: TrustedEndpoints): CliError =>
  new CliError(`You have never signed in to ${endpoint}, and there is no terminal to ask you.`, {
    hint: `If you trust it, run: muster context add ${freeName(stored, endpoint)} ${endpoint}`,
  });

const changed = (config: Config, known: TrustedEndpoint, stored: TrustedEndpoints): CliError => {
  const { endpoint, name = freeName(stored, endpoint) } = known;
  return new CliError(
    `${endpoint} now names the issuer ${oneLine(config.issuer, 200)} and the client ID ${oneLine(config.clientId, 200)}. You trusted the issuer ${known.issuer} and the client ID ${known.clientId}.`,
    {
      exitCode: exitCodes.signInFailed,
      hint: `If its owner confirms the change, run: muster context add ${name} ${endpoint}`,
    },
  );
};
