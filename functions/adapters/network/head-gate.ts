import type { Socket } from 'node:net';
import {
  headEnd,
  mayBeStatusLine,
  readHead,
  type ResponseHead,
  rewritten,
  strictHeadOf,
} from './response-head.ts';

/** What is known of an answer from its bytes, whatever a parser makes of them. */
export type HeadGate = {
  /** The head of the final answer, once it is whole. */
  readonly head: () => ResponseHead | undefined;
  /** The head is larger than any that is read. */
  readonly isTooLarge: () => boolean;
  /** The server said a frame of HTTP/2 (RFC 9113, section 4.1) instead. */
  readonly isHttp2: () => boolean;
  /** The bytes that a parser may have now; undefined: none yet. */
  readonly pass: (chunk: Buffer) => Buffer | undefined;
};

/**
 * Stands between a connection and a strict parser of HTTP/1.1: holds the head back until it is
 * whole, takes interim answers out (RFC 9110, section 15.2: any number, asked for or not), and puts
 * a head that only a lenient reader understands into strict form. Bytes that do not begin with a
 * status line pass as they are. `bypass` is called instead for a status that no parser takes: below
 * 100, or a 101 that nobody asked for.
 */
export function headGate(maxBytes: number, bypass: (head: ResponseHead) => void): HeadGate {
  let held: Buffer | undefined;
  let isOpen = false;
  let head: ResponseHead | undefined;
  /** It is an answer after all when what follows it is none. */
  let interim: ResponseHead | undefined;
  /** Nearly every head; it is read only when the parser fails all the same. */
  let strict: string | undefined;
  let isTooLarge = false;
  let isHttp2 = false;
  const open = (bytes: Buffer): Buffer => {
    isOpen = true;
    return bytes;
  };
  const pass = (chunk: Buffer): Buffer | undefined => {
    if (isOpen) return chunk;
    let bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      strict = strictHeadOf(bytes);
      if (strict !== undefined) return open(bytes);
      if (!mayBeStatusLine(bytes)) {
        head = interim;
        isHttp2 = isFrame(bytes);
        return open(bytes);
      }
      const end = headEnd(bytes);
      if (end === undefined) break;
      const text = bytes.toString('latin1', 0, end);
      const found = readHead(text);
      if (found.status < 100 || found.status === 101) {
        head = found;
        bypass(found);
        return undefined;
      }
      if (found.status >= 200) {
        head = found;
        return open(Buffer.concat([rewritten(found), bytes.subarray(end)]));
      }
      interim = found;
      bytes = bytes.subarray(end);
    }
    held = bytes;
    if (bytes.length <= maxBytes) return undefined;
    isTooLarge = true;
    return open(bytes);
  };
  return {
    head: () => (strict === undefined ? head : readHead(strict)),
    isTooLarge: () => isTooLarge,
    isHttp2: () => isHttp2,
    pass,
  };
}

/** SETTINGS comes first of all; GOAWAY may. Both belong to stream 0. */
const isFrame = (bytes: Buffer): boolean =>
  bytes.length >= 9 && (bytes[3] === 4 || bytes[3] === 7) && bytes.readUInt32BE(5) === 0;

/** Puts the gate before everything that is read from the socket. undici reads by `read()`. */
export function gated(socket: Socket, gate: HeadGate): Socket {
  const read = socket.read.bind(socket);
  socket.read = (size?: number): Buffer | null => {
    const chunk: unknown = read(size);
    return Buffer.isBuffer(chunk) ? (gate.pass(chunk) ?? null) : null;
  };
  return socket;
}
