import { isIP, Socket } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Stage } from '../../model/wire/check-wire.ts';
import { firstConnection, type Open } from './address-race.ts';
import type { Resolution, Resolve } from './dns.ts';
import { type Guard, hostOf, RefusedByPolicy } from './guard.ts';
import { openThrough, type ProxySettings, proxyTo } from './proxy.ts';
import { codeOf, mostTelling, noRoute } from './socket-error.ts';
import { encrypted, type Protocol } from './tls-handshake.ts';

export type Connector = {
  readonly guard: Guard;
  readonly resolve: Resolve;
  readonly secureContext: SecureContext;
  /** Without it, everything is contacted directly. */
  readonly proxies?: ProxySettings;
};

export type Target = {
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
  readonly protocol?: Protocol;
  /** Makes the socket of a connection that is neither encrypted nor through a proxy. */
  readonly newSocket?: () => Socket;
};

/**
 * Opens a connection to an address that the guard allows. The name is resolved here, refused
 * addresses are left out, and the address that a socket is really connected to is checked again
 * before a byte is sent. Several addresses are raced (RFC 8305). `enter` is called as each stage
 * begins. Throws `RefusedByPolicy`, `NameFailure`, `ProberError`, or the error of the socket; an
 * abort destroys every socket.
 */
export async function connect(
  { hostname, port, secure, protocol = 'http/1.1', newSocket }: Target,
  { guard, resolve, secureContext, proxies }: Connector,
  signal: AbortSignal,
  enter: (stage: Stage) => void = () => {},
): Promise<Socket> {
  const host = hostOf(hostname);
  if (isIP(host) === 0) enter('dns');
  const resolution: Addresses =
    isIP(host) === 0
      ? await resolved(host, resolve, signal)
      : { kind: 'addresses', addresses: [host] };
  enter('tcp');
  const proxy = proxies === undefined ? undefined : proxyTo({ hostname, port, secure }, proxies);
  const open = proxy ? openThrough(proxy, port, resolve) : guardedOpen(port, guard, newSocket);
  const plain = await reached(host, resolution, { open, guard }, enter, signal);
  if (!secure) return plain;
  enter('tls');
  return encrypted(plain, host, { secureContext, protocol }, signal);
}

/** The name does not resolve to an address; `resolution.kind` says why. */
export class NameFailure extends Error {
  override readonly name = 'NameFailure';
  readonly resolution: Exclude<Resolution, { kind: 'addresses' }>;
  constructor(hostname: string, resolution: Exclude<Resolution, { kind: 'addresses' }>) {
    super(`${hostname} does not resolve: ${resolution.detail}`);
    this.resolution = resolution;
  }
}

/**
 * The public authorities and those of `extraCas` (PEM), parsed once: a context per connection costs
 * 40 ms of CPU (measured).
 */
export function trustStore(...extraCas: readonly (string | undefined)[]): SecureContext {
  const added = extraCas.filter((pem) => pem !== undefined);
  return added.length === 0
    ? createSecureContext()
    : createSecureContext({ ca: [...rootCertificates, ...added] });
}

type Addresses = Extract<Resolution, { kind: 'addresses' }>;

/** A resolver cannot be interrupted: after an abort its answer is not waited for. */
async function resolved(host: string, resolve: Resolve, signal: AbortSignal): Promise<Addresses> {
  const resolution = await new Promise<Resolution>((done, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    resolve(host)
      .finally(() => signal.removeEventListener('abort', abort))
      .then(done, reject);
  });
  signal.throwIfAborted();
  if (resolution.kind !== 'addresses') throw new NameFailure(host, resolution);
  return resolution;
}

async function reached(
  host: string,
  { addresses, later }: Addresses,
  { open, guard }: { readonly open: Open; readonly guard: Guard },
  enter: (stage: Stage) => void,
  signal: AbortSignal,
): Promise<Socket> {
  const refusals: RefusedByPolicy[] = [];
  const allowed = (all: readonly string[]): readonly string[] =>
    all.filter((address) => {
      const rule = guard.refusesAddress(address);
      if (rule !== undefined) refusals.push(new RefusedByPolicy(rule));
      return rule === undefined;
    });
  const contest = {
    addresses: allowed(addresses),
    later: later?.then((more) => (more.kind === 'addresses' ? allowed(more.addresses) : [])),
    open,
    waits: (isWaiting: boolean): void => enter(isWaiting ? 'dns' : 'tcp'),
  };
  try {
    return await firstConnection(contest, signal);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    const telling = mostTelling([...error.errors, ...refusals]);
    // Only the other family could have been reached from here, and its lookup has failed.
    const isTelling = !(telling instanceof RefusedByPolicy || noRoute.has(codeOf(telling)));
    const other = isTelling ? undefined : await later;
    if (other !== undefined && other.kind !== 'addresses' && other.kind !== 'notFound')
      throw new NameFailure(host, other);
    throw telling ?? new NameFailure(host, { kind: 'notFound', detail: 'ENODATA' });
  }
}

/** Looks at the address that the socket is really connected to, before a byte is sent. */
const guardedOpen =
  (port: number, guard: Guard, newSocket = () => new Socket()): Open =>
  (address, opened, failed) => {
    const socket = newSocket().connect({ host: address, port });
    socket.on('connect', () => {
      const rule = guard.refusesAddress(socket.remoteAddress ?? '');
      if (rule === undefined) return opened(socket);
      socket.destroy();
      failed(new RefusedByPolicy(rule));
    });
    socket.on('error', failed);
    return () => socket.destroy();
  };
