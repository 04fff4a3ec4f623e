import { freshTokens } from '../token-store/refresh-tokens.ts';
import { endpointOf } from '../endpoint/endpoint.ts';
import { CliError, type CommandContext, exitCodes } from '../context.ts';
import type { Renewal } from '../api/authorized-exchange.ts';
import type { Connection } from '../api/mcpservers.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { GivenTokenRefused, givenTokens, tokenVariable } from '../token-store/given-token.ts';
import { proofSigner } from '../token-store/machine-key.ts';
import { notSignedIn } from './not-signed-in.ts';
import { bearerOf, type Tokens, UnreadableTokens } from '../token-store/token-files.ts';
import { defined } from '../../functions/model/defined.ts';

type Connecting = Pick<CommandContext, 'option' | 'environment' | 'now' | 'info'>;

/** The endpoint, with the person's tokens if they are signed in to it. */
export type EndpointConnection = Connection & { readonly tokens?: Tokens };

/**
 * With the token in MUSTER_TOKEN, else with the sign-in on this machine. Throws with exit code 2 if
 * that has ended: SESSION is never dropped in silence. One that cannot be read is a warning, because
 * a list may need none.
 */
export async function connect(context: Connecting): Promise<EndpointConnection> {
  const connection = await connectAnyway(context);
  const { unreadable } = connection;
  if (unreadable !== undefined)
    context.info(`Warning: ${unreadable.message} To fix it, run: muster auth login`);
  return connection;
}

async function connectAnyway(
  context: Connecting,
): Promise<EndpointConnection & { readonly unreadable?: UnreadableTokens }> {
  const { environment, now, info } = context;
  const endpoint = await endpointOf(context);
  const given = givenTokens(endpoint, environment, now());
  if (given !== undefined) return givenConnection(given, now);
  const tokens = await freshTokens(endpoint, environment, now(), info).catch(onlyUnreadable);
  if (tokens === undefined) return { endpoint, notSignedIn: () => notSignedIn(endpoint, context) };
  if (tokens instanceof UnreadableTokens)
    return { endpoint, notSignedIn: () => Promise.resolve(tokens), unreadable: tokens };
  return { ...connectionOf(tokens, now), renewal: renewalOf(tokens, context) };
}

function onlyUnreadable(error: unknown): UnreadableTokens {
  if (error instanceof UnreadableTokens) return error;
  throw error;
}

const givenConnection = (tokens: Tokens, now: () => Date): EndpointConnection => ({
  ...connectionOf(tokens, now),
  variable: tokenVariable,
  renewal: {
    current: () => bearerOf(tokens),
    renew: (refusal) => Promise.reject(new GivenTokenRefused(tokens, now(), refusal)),
  },
});

function renewalOf(tokens: Tokens, { environment, now, info }: Connecting): Renewal {
  const refused = bearerOf(tokens);
  let current = refused;
  let renewed: Promise<boolean> | undefined;
  const renew = async (refusal: CliError | undefined) => {
    const fresh = await freshTokens(tokens.endpoint, environment, now(), info, refused);
    if (fresh !== undefined) current = bearerOf(fresh);
    // An issuer may make the same token again within a second.
    if (current !== refused || fresh?.refreshToken !== undefined) return true;
    if (refusal === undefined) return false;
    throw new CliError(
      `Your sign-in to ${tokens.endpoint} is no longer accepted. ${refusal.message}`,
      { exitCode: exitCodes.signInRequired, hint: refusal.hint },
    );
  };
  return { current: () => current, renew: (refusal) => (renewed ??= renew(refusal)) };
}

/** The endpoint of a sign-in, with what the person and this machine have for it. */
export const connectionOf = (
  tokens: Tokens,
  now: () => Date,
): Connection & { readonly bearer: string; readonly tokens: Tokens } =>
  defined({
    endpoint: tokens.endpoint,
    bearer: bearerOf(tokens),
    signer: tokens.key === undefined ? undefined : proofSigner(tokens.key, now),
    tokens,
  });

/**
 * As `connect`, for what only a person can do. Throws with exit code 2 unless they are signed in.
 */
export async function connectAsPerson(
  context: Connecting,
): Promise<EndpointConnection & { readonly tokens: Tokens }> {
  const { tokens, unreadable, ...connection } = await connectAnyway(context);
  if (tokens === undefined) throw unreadable ?? (await notSignedIn(connection.endpoint, context));
  return { ...connection, tokens };
}

/** What identifies the person to people: email address, else name, else subject. */
export const whoIs = ({ email, name, subject }: Tokens): string =>
  oneLine(email ?? name ?? subject, 200);
