import { CliError, type CommandContext } from '../context.ts';
import type { Surroundings } from './config-folder.ts';
import { readEndpoints } from './trusted-endpoints.ts';
import { hasCredentials, isSafe } from './web-address.ts';

/**
 * The endpoint this command talks to, without a slash at its end: `--endpoint`, else
 * MUSTER_SERVERLESS_ENDPOINT, else MUSTER_ENDPOINT, else the current context. Throws as
 * `endpointIn`, and where none is set.
 */
export async function endpointOf({
  option,
  environment,
  info,
}: Pick<CommandContext, 'option' | 'environment' | 'info'>): Promise<string> {
  const text = option('endpoint') ?? endpointOfEnvironment(environment);
  if (text !== undefined) return endpointIn(text);
  const { current, endpoints } = await readEndpoints(environment, info);
  const context = endpoints.find(({ name }) => name !== undefined && name === current);
  if (context !== undefined) return endpointIn(context.endpoint);
  throw new CliError('No endpoint is set.', {
    hint: 'Set MUSTER_SERVERLESS_ENDPOINT to the URL of the muster endpoint, or use --endpoint. npm start prints the export line.',
  });
}

/** An empty variable is one that is not set. */
export const endpointOfEnvironment = (environment: Surroundings): string | undefined =>
  ['MUSTER_SERVERLESS_ENDPOINT', 'MUSTER_ENDPOINT']
    .map((name) => environment[name])
    .find((value) => value !== undefined && value !== '');

/**
 * The address of an endpoint as a person wrote it, in its one spelling. Throws unless it is https,
 * or http on this machine: a token never crosses a network in plain text. Also throws where it
 * holds a user name or a password: they would be stored and printed with it.
 */
export function endpointIn(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && hasCredentials(url))
    throw new CliError(`The address of the endpoint ${url.host} holds a user name or a password.`, {
      hint: `Use ${url.protocol}//${url.host}, then sign in: muster auth login`,
    });
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new CliError(`The endpoint "${text}" is not an HTTP address.`, {
      hint: 'Use a URL such as https://muster.example.com',
    });
  }
  if (!isSafe(url)) {
    throw new CliError(`The endpoint ${url.origin} does not use https.`, {
      hint: 'Use https. http is allowed only on this machine (127.0.0.1, localhost).',
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
