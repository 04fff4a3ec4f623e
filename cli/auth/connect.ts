import { freshTokens } from './refresh-tokens.ts';
import { endpointOf } from './endpoint.ts';
import { CliError, type CommandContext, exitCodes } from '../context.ts';
import type { Renewal } from '../api/authorized-exchange.ts';
import type { Connection } from '../api/mcpservers.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { proofSigner } from './machine-key.ts';
import { bearerOf, type Tokens } from './token-files.ts';
import { defined } from '../../functions/model/defined.ts';

type Connecting = Pick<CommandContext, 'option' | 'environment' | 'now' | 'info'>;

/** The endpoint, with the person's tokens if they are signed in to it. */
export type EndpointConnection = Connection & { readonly tokens?: Tokens };

/**
 * Throws with exit code 2 if the person's sign-in has ended: SESSION is never dropped in silence.
 */
export async function connect(context: Connecting): Promise<EndpointConnection> {
  const { environment, now, info } = context;
  const endpoint = await endpointOf(context);
  const tokens = await freshTokens(endpoint, environment, now(), info);
  if (tokens === undefined) return { endpoint };
  return { ...connectionOf(tokens, now), renewal: renewalOf(tokens, context) };
}

function renewalOf(tokens: Tokens, { environment, now, info }: Connecting): Renewal {
  const refused = bearerOf(tokens);
  let current = refused;
  let renewed: Promise<boolean> | undefined;
  const renew = async () => {
    const fresh = await freshTokens(tokens.endpoint, environment, now(), info, refused);
    if (fresh !== undefined) current = bearerOf(fresh);
    // An issuer may make the same token again within a second.
    return current !== refused || fresh?.refreshToken !== undefined;
  };
  return { current: () => current, renew: () => (renewed ??= renew()) };
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
  const { tokens, ...connection } = await connect(context);
  if (tokens === undefined) {
    throw new CliError(`You are not signed in to ${connection.endpoint}.`, {
      exitCode: exitCodes.signInRequired,
      hint: 'Run: muster auth login',
    });
  }
  return { ...connection, tokens };
}

/** What identifies the person to people: email address, else name, else subject. */
export const whoIs = ({ email, name, subject }: Tokens): string =>
  oneLine(email ?? name ?? subject, 200);
