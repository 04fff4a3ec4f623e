import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import { type BridgeError, StatusError } from './bridge-error.ts';
import type { Conversation, Pending } from './conversation.ts';
import { type Refusal, refusalOf } from './http-answer.ts';
import type { ClientMessage, RpcError } from './json-rpc.ts';
import type { SendAsPerson } from './person-request.ts';

/** One way to speak to the server. */
export type Transport = {
  /**
   * Sends a message of the client; a request (`pending`) until it is answered. Throws `BridgeError`,
   * or `ServerFailure` where the server answers with an error.
   */
  readonly exchange: (message: ClientMessage, pending?: Pending) => Promise<void>;
  /** Ends the session at the server. */
  readonly close: (signal: AbortSignal) => Promise<void>;
};

export type TransportParts = {
  /** Of the server, as the person uses it. */
  readonly name: string;
  readonly send: SendAsPerson;
  readonly conversation: Conversation;
  /** Aborted when the bridge ends. */
  readonly closed: AbortSignal;
};

/** The server's own error, for the client. */
export class ServerFailure extends Error {
  readonly error: RpcError;

  constructor(error: RpcError) {
    super(error.message);
    this.error = error;
  }
}

/** A setting that the server no longer takes is lost; the session is not. */
export function onlyServerFailure(error: unknown): void {
  if (!(error instanceof ServerFailure || error instanceof StatusError)) throw error;
}

export const failureOf = ({ error }: Refusal): BridgeError | ServerFailure =>
  error instanceof Error ? error : new ServerFailure(error);

export const failureIn = async (name: string, response: IncomingMessage) =>
  failureOf(await refusalOf(name, response));

/** Until a stream is opened again, where the server names no time. */
export const firstRetryMs = 1_000;
const shortestRetryMs = 100;
const longestRetryMs = 30_000;

/** Waits, from 0.1 to 30 s, but not longer than the bridge runs. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(Math.max(shortestRetryMs, Math.min(ms, longestRetryMs)), undefined, { signal }).catch(
    onlyAbort,
  );

function onlyAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
