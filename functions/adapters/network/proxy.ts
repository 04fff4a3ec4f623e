import { ProberError } from './prober-error.ts';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { messageOf } from '../../model/error-message.ts';
import { type AddressRules, isExcepted } from '../../model/proxy-exception.ts';
import { firstConnection, type Open } from './address-race.ts';
import type { Resolve } from './dns.ts';
import { hostOf } from './guard.ts';
import { headEnd, readHead } from './response-head.ts';
import { mostTelling } from './socket-error.ts';

/** The outgoing proxy of the functions, as the owner set it. Addresses are http://. */
export type ProxySettings = {
  /** For https targets. */
  readonly https?: URL;
  /** For http targets. */
  readonly http?: URL;
  /** Targets that are contacted directly, as in `NO_PROXY`. */
  readonly except: readonly string[];
};

type Destination = { readonly hostname: string; readonly port: number; readonly secure: boolean };

/** The proxy that leads to a target; undefined: it is contacted directly. */
export function proxyTo(
  { hostname, port, secure }: Destination,
  { https, http, except }: ProxySettings,
): URL | undefined {
  const proxy = secure ? https : http;
  return proxy === undefined ||
    except.some((entry) => isExcepted(entry, { hostname, port }, addresses))
    ? undefined
    : proxy;
}

const addresses: AddressRules = {
  isAddress: (text) => isIP(text) !== 0,
  isWithin: (address, range, bits) => {
    const cidr = `${range}/${String(bits)}`;
    if (!ipaddr.isValidCIDR(cidr)) return false;
    const [network, length] = ipaddr.parseCIDR(cidr);
    const host = ipaddr.process(address);
    return host.kind() === network.kind() && host.match(network, length);
  },
};

/** The proxy works and says that it cannot reach the server. */
export class UnreachableThroughProxy extends Error {
  override readonly name = 'UnreachableThroughProxy';
  /** 502, 503 or 504. */
  readonly status: number;
  constructor(status: number) {
    super(`the outgoing proxy answered HTTP ${status}`);
    this.status = status;
  }
}

/**
 * Opens through the proxy (CONNECT, RFC 9110, section 9.3.6), to the address and not to the name:
 * what the guard has checked is what is connected to. Only the proxy itself is exempt from the
 * guard.
 */
export const openThrough =
  (proxy: URL, port: number, resolve: Resolve): Open =>
  (address, opened, failed) => {
    const ending = new AbortController();
    tunnel(proxy, isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`, {
      resolve,
      signal: ending.signal,
    }).then(opened, (error: Error) => {
      if (!ending.signal.aborted) failed(error);
    });
    return () => ending.abort();
  };

async function tunnel(
  proxy: URL,
  authority: string,
  { resolve, signal }: { readonly resolve: Resolve; readonly signal: AbortSignal },
): Promise<Socket> {
  const socket = await reachProxy(proxy, resolve, signal);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials(proxy)}\r\n`);
  const status = await tunnelStatus(socket, signal);
  if (status >= 200 && status < 300) return socket;
  socket.destroy();
  if (status === 502 || status === 503 || status === 504) throw new UnreachableThroughProxy(status);
  throw new ProberError(
    status === 407
      ? 'the outgoing proxy asks for credentials (HTTP 407)'
      : `the outgoing proxy refuses CONNECT (HTTP ${status})`,
  );
}

const credentials = ({ username, password }: URL): string => {
  if (username === '') return '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Proxy-Authorization: Basic ${Buffer.from(pair).toString('base64')}\r\n`;
};

async function reachProxy(proxy: URL, resolve: Resolve, signal: AbortSignal): Promise<Socket> {
  const host = hostOf(proxy.hostname);
  const resolution =
    isIP(host) === 0 ? await resolve(host) : { kind: 'addresses' as const, addresses: [host] };
  signal.throwIfAborted();
  if (resolution.kind !== 'addresses')
    throw new ProberError(`the outgoing proxy does not resolve: ${resolution.detail}`);
  const port = Number(proxy.port || 80);
  const open: Open = (address, opened, failed) => {
    const socket = connectTcp({ host: address, port });
    socket.once('connect', () => opened(socket));
    socket.once('error', failed);
    return () => socket.destroy();
  };
  try {
    return await firstConnection(
      { addresses: resolution.addresses, later: undefined, open },
      signal,
    );
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    throw new ProberError(
      `the outgoing proxy cannot be reached: ${messageOf(mostTelling(error.errors))}`,
    );
  }
}

const longestReply = 16 * 1024;

/** The status of the reply to CONNECT. What comes after its head belongs to the tunnel. */
function tunnelStatus(socket: Socket, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let reply: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
      socket.off('readable', read).off('end', end).off('error', end);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(signal.reason);
    const end = (): void => fail(new ProberError('the outgoing proxy closed the connection'));
    const read = (): void => {
      const chunk: unknown = socket.read();
      if (!Buffer.isBuffer(chunk)) return;
      reply = Buffer.concat([reply, chunk]);
      const length = headEnd(reply);
      if (length === undefined) {
        if (reply.length > longestReply) end();
        return;
      }
      settle();
      const rest = reply.subarray(length);
      if (rest.length > 0) socket.unshift(rest);
      const { status } = readHead(reply.toString('latin1', 0, length));
      resolve(Number.isNaN(status) ? 0 : status);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.on('readable', read).on('end', end).on('error', end);
  });
}
