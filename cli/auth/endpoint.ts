import { CliError } from '../context.ts';

/**
 * The endpoint this command talks to, without a slash at its end: `--endpoint`, else
 * MUSTER_ENDPOINT. Throws unless it is https, or http on this machine: a token never crosses a
 * network in plain text.
 */
export function endpointOf(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const text = flag ?? environment['MUSTER_ENDPOINT'];
  if (text === undefined || text === '') {
    throw new CliError('MUSTER_ENDPOINT is not set.', {
      hint: 'Set it to the URL of the muster endpoint, or use --endpoint. npm start prints the export line.',
    });
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
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

/** https anywhere, http on loopback. */
export const isSafe = (url: URL): boolean =>
  url.protocol === 'https:' ||
  /^(127(\.\d{1,3}){3}|\[::1\]|localhost|.+\.localhost)$/.test(url.hostname);
