import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  rootCertificates,
  type SecureContext,
} from 'node:tls';
import type { Stage } from '../../model/wire.ts';
import type { Resolution, Resolve } from './dns.ts';
import { type Guard, hostOf } from './guard.ts';

export type Connector = {
  readonly guard: Guard;
  readonly resolve: Resolve;
  readonly secureContext: SecureContext;
};

export type Target = { readonly hostname: string; readonly port: number; readonly secure: boolean };

/**
 * Opens a connection to an address that the guard allows. The name is resolved here, refused
 * addresses are left out, and the address that the socket is really connected to is checked again
 * before a byte is sent. `enter` is called as each stage begins. Throws `RefusedByPolicy`,
 * `NameFailure`, or the error of the socket; an abort destroys the socket.
 */
export async function connect(
  { hostname, port, secure }: Target,
  { guard, resolve, secureContext }: Connector,
  signal: AbortSignal,
  enter: (stage: Stage) => void = () => {},
): Promise<Socket> {
  const host = hostOf(hostname);
  if (isIP(host) === 0) enter('dns');
  const addresses = await allowedAddresses(host, guard, resolve);
  signal.throwIfAborted();
  enter('tcp');
  const plain = await connected(
    connectTcp({ port, ...destination(host, addresses) }),
    'connect',
    signal,
  );
  const refusal = guard.refusesAddress(plain.remoteAddress ?? '');
  if (refusal !== undefined) {
    plain.destroy();
    throw new RefusedByPolicy(refusal);
  }
  if (!secure) return plain;
  enter('tls');
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const encrypted = connectTls({
    socket: plain,
    host,
    ...servername,
    secureContext,
    ALPNProtocols: ['http/1.1'],
  });
  return connected(encrypted, 'secureConnect', signal);
}

/** The guard refused the address or URL; `rule` says why. */
export class RefusedByPolicy extends Error {
  override readonly name = 'RefusedByPolicy';
  readonly rule: string;
  constructor(rule: string) {
    super(`refused by policy: ${rule}`);
    this.rule = rule;
  }
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
 * The public authorities and those of `extraCa` (PEM), parsed once: a context per connection costs
 * 40 ms of CPU (measured).
 */
export const trustStore = (extraCa?: string): SecureContext =>
  extraCa === undefined
    ? createSecureContext()
    : createSecureContext({ ca: [...rootCertificates, extraCa] });

async function allowedAddresses(
  host: string,
  guard: Guard,
  resolve: Resolve,
): Promise<readonly string[]> {
  const resolution: Resolution =
    isIP(host) === 0 ? await resolve(host) : { kind: 'addresses', addresses: [host] };
  if (resolution.kind !== 'addresses') throw new NameFailure(host, resolution);
  const allowed = resolution.addresses.filter(
    (address) => guard.refusesAddress(address) === undefined,
  );
  if (allowed.length > 0) return allowed;
  throw new RefusedByPolicy(guard.refusesAddress(resolution.addresses[0] ?? '') ?? 'no address');
}

// node:net tries several addresses (happy eyeballs) only through a lookup: this one is ours.
function destination(
  host: string,
  addresses: readonly string[],
): { host: string; lookup?: LookupFunction; autoSelectFamily?: boolean } {
  const [only, another] = addresses;
  if (only !== undefined && another === undefined) return { host: only };
  const list = addresses.map((address) => ({ address, family: isIP(address) }));
  return { host, autoSelectFamily: true, lookup: (_hostname, _options, done) => done(null, list) };
}

function connected<Opening extends Socket>(
  socket: Opening,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<Opening> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
    };
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once(event, () => {
      settle();
      resolve(socket);
    });
  });
}
