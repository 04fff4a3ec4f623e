import { CliError } from '../context.ts';

/**
 * The Function URL this command talks to, without a slash at its end: `--endpoint`, else
 * MUSTER_ENDPOINT. Throws unless it is https, or http on this machine: a bearer never crosses a
 * network in the clear.
 */
export function endpointOf(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const text = flag ?? environment['MUSTER_ENDPOINT'];
  if (text === undefined || text === '') {
    throw new CliError('No endpoint.', {
      hint: 'Set MUSTER_ENDPOINT to the Function URL, or give --endpoint URL. (npm start prints the export line.)',
    });
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new CliError(`The endpoint "${text}" is no http address.`, {
      hint: 'Give it like https://muster.example.com',
    });
  }
  if (!isSafe(url)) {
    throw new CliError(`The endpoint ${url.origin} is not https.`, {
      hint: 'Use https; http is for this machine only (127.0.0.1, localhost).',
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** https anywhere, http on loopback. */
export const isSafe = (url: URL): boolean =>
  url.protocol === 'https:' ||
  /^(127(\.\d{1,3}){3}|\[::1\]|localhost|.+\.localhost)$/.test(url.hostname);
