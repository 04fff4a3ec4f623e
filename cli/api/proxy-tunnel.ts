import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { defined } from '../../functions/model/defined.ts';
import { codeOf } from '../token-store/private-file.ts';
import { CliError } from '../context.ts';
import { causeOf } from './network-causes.ts';
import type { Proxy } from './proxy.ts';

/**
 * A connection through the proxy to the host and port of an address (RFC 9110, section 9.3.6). What
 * is spoken in it, TLS first, is between this machine and that host. Throws a `CliError` that names
 * the proxy, never its password.
 */
export async function openTunnel(proxy: Proxy, target: URL, signal: AbortSignal): Promise<Socket> {
  const { protocol, hostname, port, username, password } = proxy.url;
  const isTls = protocol === 'https:';
  const host = `${target.hostname}:${target.port || '443'}`;
  const at = hostname.replace(/^\[|\]$/g, '');
  const send = isTls ? requestHttps : requestHttp;
  // RFC 7617.
  const user = `${decoded(username)}:${decoded(password)}`;
  return new Promise((resolve, reject) => {
    const outgoing = send({
      host: at,
      port: port || (isTls ? 443 : 80),
      // Else Node takes the name in the Host header, which is not the proxy's.
      servername: isIP(at) === 0 ? at : '',
      method: 'CONNECT',
      path: host,
      headers: defined({
        host,
        'user-agent': 'muster',
        'proxy-authorization':
          user === ':' ? undefined : `Basic ${Buffer.from(user).toString('base64')}`,
      }),
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
    outgoing.once('error', (error) => {
      reject(failureOf(proxy, signal.aborted ? 'ETIMEDOUT' : (codeOf(error) ?? 'no response')));
    });
    outgoing.end();
  });
}

/** What the proxy said instead of letting us through. */
function refusedBy(proxy: Proxy, status: number, target: URL): CliError {
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
const failureOf = ({ variable, url }: Proxy, code: string): CliError =>
  new CliError(
    `The proxy ${url.host} (${variable}) could not be used: ${causeOf(code, url)?.what ?? code}.`,
    {
      hint: `Check ${variable}, or remove it.`,
    },
  );

/** A percent sign that encodes nothing stays: it may be part of a password. */
const decoded = (text: string): string =>
  text.replace(/(?:%[\da-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString(),
  );
