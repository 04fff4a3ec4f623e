import { request as requestHttp, type RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import { CliError } from '../context.ts';
import { type Proxy, portOf } from './proxy.ts';

/** The way to the proxy itself, with the user and password of its address (RFC 7617). */
export const proxyOptions = ({ url }: Proxy): RequestOptions => ({
  host: url.hostname.replace(/^\[|\]$/g, ''),
  port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
});

export const proxyAuthorization = ({ url }: Proxy): string | undefined =>
  url.username === '' && url.password === ''
    ? undefined
    : `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`;

/** http or https, as the proxy itself is reached. */
export const senderTo = async ({ protocol }: URL): Promise<typeof requestHttp> =>
  protocol === 'https:' ? (await import('node:https')).request : requestHttp;

/**
 * A connection through the proxy to the host and port of an address (RFC 9110, section 9.3.6). What
 * is spoken in it, TLS first, is between this machine and that host. Throws a `CliError` that names
 * the proxy, never its password.
 */
export async function openTunnel(proxy: Proxy, target: URL, signal: AbortSignal): Promise<Socket> {
  const host = `${target.hostname}:${portOf(target)}`;
  const authorization = proxyAuthorization(proxy);
  const send = await senderTo(proxy.url);
  return new Promise((resolve, reject) => {
    const outgoing = send({
      ...proxyOptions(proxy),
      method: 'CONNECT',
      path: host,
      headers: {
        host,
        'user-agent': 'muster',
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
      },
      agent: false,
      signal,
    });
    outgoing.once('connect', ({ statusCode = 0 }, socket: Socket) => {
      if (statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      return reject(refusedBy(proxy, statusCode, target));
    });
    // A proxy that does not know CONNECT answers it like any other request.
    outgoing.once('response', (incoming) => {
      incoming.destroy();
      reject(refusedBy(proxy, incoming.statusCode ?? 0, target));
    });
    outgoing.once('error', (error) => reject(signal.aborted ? error : failureOf(proxy, error)));
    outgoing.end();
  });
}

/** What the proxy said instead of letting us through. */
export function refusedBy(proxy: Proxy, status: number, target: URL): CliError {
  const { variable, url } = proxy;
  const who = `The proxy ${url.host} (${variable})`;
  if (status === 407)
    return new CliError(`${who} requires a user name and a password, or refused them (HTTP 407).`, {
      hint: `Put them into the variable: ${variable}=${url.protocol}//USER:PASSWORD@${url.host}`,
    });
  return new CliError(
    `${who} did not let a connection to ${target.host} through (HTTP ${String(status)}).`,
    {
      hint: `Ask the owner of the proxy. If ${target.hostname} can be reached without it, add it to NO_PROXY.`,
    },
  );
}

/** Why the proxy itself could not be used. */
export function failureOf({ variable, url }: Proxy, error: Error): CliError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'no response';
  return new CliError(
    `The proxy ${url.host} (${variable}) could not be used: ${causes[code] ?? code}.`,
    { hint: `Check ${variable}, or remove it.` },
  );
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed without a response',
  ENOTFOUND: 'its host name does not exist',
  EAI_AGAIN: 'its host name could not be resolved',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no response',
};
