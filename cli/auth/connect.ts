import { freshTokens } from './refresh-tokens.ts';
import { endpointOf } from './endpoint.ts';
import { CliError, type CommandContext, exitCodes } from '../context.ts';
import type { Connection } from '../api/mcpservers.ts';
import { bearerOf, type Tokens } from './token-files.ts';

/** The Function URL of this call, with the person's tokens where somebody is signed in. */
export type EndpointConnection = Connection & { readonly tokens?: Tokens };

/**
 * Throws with exit code 2 when a sign-in is there that has ended: SESSION is never dropped in
 * silence.
 */
export async function connect({
  option,
  environment,
  now,
}: CommandContext): Promise<EndpointConnection> {
  const endpoint = endpointOf(option('endpoint'), environment);
  const tokens = await freshTokens(endpoint, environment, now());
  return tokens === undefined ? { endpoint } : { endpoint, bearer: bearerOf(tokens), tokens };
}

/**
 * As `connect`, for what only a person can do. Throws with exit code 2 when nobody is signed in.
 */
export async function connectAsPerson(
  context: CommandContext,
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

/** How a person is called: by address, else by name, else by subject. */
export const whoIs = ({ email, name, subject }: Tokens): string => email ?? name ?? subject;
