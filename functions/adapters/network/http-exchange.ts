import { challengeIn } from '../../model/renamed-challenge.ts';
import type { Stage } from '../../model/wire/check-wire.ts';
import type { Connector } from './connect.ts';
import type { ResponseHead } from './response-head.ts';

export type ProbeRequest = {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * How much of the body to read, and how long to wait for it. Without it, nothing is read.
   */
  readonly read?: { readonly bytes: number; readonly ms: number };
};

export type ProbeResponse = {
  readonly status: number;
  /** Names in lower case; a header that came more than once is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** False when the body was cut, broke off, or was not read. */
  readonly isWhole: boolean;
};

/** Another way to a server than a connection of our own, such as the service proxy of a cluster. */
export type Via = (
  request: ProbeRequest,
  signal: AbortSignal,
  enter: (stage: Stage) => void,
) => Promise<ProbeResponse>;

/** One HTTP exchange, over a connection that a guard allows. Redirects are answers. */
export type Exchange = (
  request: ProbeRequest,
  connector: Connector,
  signal: AbortSignal,
) => Promise<ProbeResponse>;

/** Header values that came more than once are joined by commas. */
export const joined = (
  headers: readonly (readonly [name: string, value: string | string[] | undefined])[],
): Record<string, string> => {
  const read = Object.fromEntries(
    headers.map(([name, value = '']) => [
      name,
      typeof value === 'string' ? value : value.join(', '),
    ]),
  );
  const challenge = challengeIn((name) => read[name]);
  return challenge === undefined
    ? read
    : { ...read, 'www-authenticate': challenge.slice(0, longestChallenge) };
};

/**
 * Reading challenges takes time with the square of their length: 64 KiB cost 0.5 s. A reader gets
 * at most 8 KiB.
 */
const longestChallenge = 8 * 1024;

/** An answer of which only the head is known, whole or not. */
export function headOnly({ status, headers }: ResponseHead): ProbeResponse {
  // A map: a header may be called `constructor`.
  const received = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = received.get(name);
    received.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status, headers: joined([...received]), body: noBody, isWhole: false };
}

const noBody = Buffer.alloc(0);

// Some load balancers send headers of 20 to 30 KiB.
export const maxHeaderSize = 64 * 1024;
