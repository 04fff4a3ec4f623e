import { CliError, type CommandContext } from '../context.ts';
import type { Surroundings } from '../token-store/config-folder.ts';
import { findContext, readEndpoints } from './trusted-endpoints.ts';
import { hasCredentials, isLoopback, isSafe } from './web-address.ts';

export type ChosenEndpoint = {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** What named it: `--endpoint`, `MUSTER_ENDPOINT`, `context prod`. */
  readonly source: string;
};

type Chooser = Pick<CommandContext, 'option' | 'environment' | 'info'>;

/**
 * The endpoint this command talks to: `--endpoint` or `--context`, else
 * MUSTER_SERVERLESS_ENDPOINT, else MUSTER_ENDPOINT, else the context of MUSTER_CONTEXT, else the
 * current one. Throws as `endpointIn`, and where none is set.
 */
export async function chosenEndpoint({
  option,
  environment,
  info,
}: Chooser): Promise<ChosenEndpoint> {
  const [flag, named] = [option('endpoint'), option('context')];
  if (flag !== undefined && named !== undefined)
    throw new CliError('--endpoint cannot be combined with --context.');
  if (flag !== undefined) return { endpoint: endpointIn(flag), source: '--endpoint' };
  const variable = endpointVariable(environment);
  if (named === undefined && variable !== undefined)
    return { endpoint: endpointIn(environment[variable] ?? ''), source: variable };
  const stored = await readEndpoints(environment, info);
  const byVariable = environment['MUSTER_CONTEXT'] || undefined;
  const name = named ?? byVariable ?? stored.current;
  if (name === undefined) throw noEndpoint(stored.endpoints.flatMap(({ name: one }) => one ?? []));
  const isByVariable = named === undefined && byVariable !== undefined;
  const { endpoint } = findContext(stored, name, isByVariable ? ' (MUSTER_CONTEXT)' : '');
  const by = isByVariable ? ', by MUSTER_CONTEXT' : named === undefined ? '' : ', by --context';
  return { endpoint: endpointIn(endpoint), source: `context ${name}${by}` };
}

/** Only its address. */
export const endpointOf = async (chooser: Chooser): Promise<string> =>
  (await chosenEndpoint(chooser)).endpoint;

const noEndpoint = ([context]: readonly string[]): CliError =>
  new CliError('No endpoint is set.', {
    hint:
      context === undefined
        ? 'Set MUSTER_SERVERLESS_ENDPOINT to the URL of the muster endpoint, or use --endpoint. npm start prints the export line.'
        : `To use one of your contexts, run: muster context use ${context}`,
  });

/** The variable that names an endpoint. An empty one is not set. */
export const endpointVariable = (environment: Surroundings): string | undefined =>
  ['MUSTER_SERVERLESS_ENDPOINT', 'MUSTER_ENDPOINT'].find((name) => Boolean(environment[name]));

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
    const meant = withScheme(text);
    throw new CliError(`The endpoint "${text}" is not an HTTP address.`, {
      hint:
        meant === undefined
          ? 'Use a URL such as https://muster.example.com'
          : `Did you mean ${meant}?`,
    });
  }
  if (!isSafe(url)) {
    throw new CliError(`The endpoint ${url.origin} does not use https.`, {
      hint: 'Use https. http is allowed only on this machine (127.0.0.1, localhost).',
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** `localhost:8787` and `muster.example.com` as they are meant. */
function withScheme(text: string): string | undefined {
  if (!/^(localhost|\[::1\]|[\w-]+(\.[\w-]+)+)(:\d{1,5})?(\/[\w./-]*)?$/.test(text))
    return undefined;
  return isLoopback(new URL(`http://${text}`)) ? `http://${text}` : `https://${text}`;
}
