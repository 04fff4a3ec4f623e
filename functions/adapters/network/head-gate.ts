import type { Socket } from 'node:net';
import {
  headEnd,
  mayBeStatusLine,
  readHead,
  readStrictHead,
  type ResponseHead,
  rewritten,
  strictHeadIn,
} from './response-head.ts';

/** What is known of an answer from its bytes, whatever a parser makes of them. */
export type HeadGate = {
  /** The head of the final answer, once it is whole. */
  readonly head: () => ResponseHead | undefined;
  /** The head is larger than any that is read. */
  readonly isTooLarge: () => boolean;
  /** The server said a frame of HTTP/2 (RFC 9113, section 4.1) instead. */
  readonly isHttp2: () => boolean;
  /** Why there is no head, once bytes have passed that are none. */
  readonly refusal: () => 'HEAD_TOO_LARGE' | 'ONLY_HTTP2' | 'NOT_HTTP';
  /** The bytes that a parser may have now; undefined: none yet. */
  readonly pass: (chunk: Buffer) => Buffer | undefined;
};

/**
 * Stands between a connection and a strict parser of HTTP/1.1: holds the head back until it is
 * whole, takes interim answers out (RFC 9110, section 15.2: any number, asked for or not), and puts
 * a head that only a lenient reader understands into strict form. Bytes that do not begin with a
 * status line pass as they are. `bypass` is called instead for a status that no parser takes: below
 * 100, or a 101 that was not asked for.
 */
export const headGate = (
  maxBytes: number,
  bypass: (head: ResponseHead) => void = () => {},
): HeadGate => new Gate(maxBytes, bypass);

class Gate implements HeadGate {
  readonly #maxBytes: number;
  readonly #bypass: (head: ResponseHead) => void;
  /** A copy: the next read may overwrite what it has come in. */
  #held: Buffer | undefined;
  /** Where `held` lies, at its beginning, once a second piece has come. */
  #room: Buffer | undefined;
  #isOpen = false;
  #head: ResponseHead | undefined;
  /** It is an answer after all when what follows it is none. */
  #interim: ResponseHead | undefined;
  /** Begins with nearly every head; it is read when it is asked for. */
  #strict: string | undefined;
  #isTooLarge = false;
  #isHttp2 = false;

  constructor(maxBytes: number, bypass: (head: ResponseHead) => void) {
    this.#maxBytes = maxBytes;
    this.#bypass = bypass;
  }

  head(): ResponseHead | undefined {
    return this.#strict === undefined ? this.#head : readStrictHead(this.#strict);
  }

  isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  isHttp2(): boolean {
    return this.#isHttp2;
  }

  refusal(): 'HEAD_TOO_LARGE' | 'ONLY_HTTP2' | 'NOT_HTTP' {
    if (this.#isTooLarge) return 'HEAD_TOO_LARGE';
    return this.#isHttp2 ? 'ONLY_HTTP2' : 'NOT_HTTP';
  }

  pass(chunk: Buffer): Buffer | undefined {
    if (this.#isOpen) return chunk;
    let seen = this.#held?.length ?? 0;
    let bytes = this.#appended(chunk);
    for (;;) {
      // Without an end in the new bytes no reader has a head, and none looks at all of them again.
      if (seen === 0 || headEnd(bytes, seen) !== undefined) {
        this.#strict = strictHeadIn(bytes);
        if (this.#strict !== undefined) return this.#open(bytes);
      }
      if (!mayBeStatusLine(bytes)) {
        this.#head = this.#interim;
        this.#isHttp2 = isFrame(bytes);
        return this.#open(bytes);
      }
      const end = headEnd(bytes, seen);
      if (end === undefined) break;
      const found = readHead(bytes.toString('latin1', 0, end));
      if (found.status < 100 || found.status === 101) {
        this.#head = found;
        this.#bypass(found);
        return undefined;
      }
      if (found.status >= 200) {
        this.#head = found;
        return this.#open(Buffer.concat([rewritten(found), bytes.subarray(end)]));
      }
      this.#interim = found;
      bytes = bytes.subarray(end);
      seen = 0;
      this.#room = undefined;
    }
    this.#held = this.#room === undefined ? Buffer.from(bytes) : bytes;
    if (bytes.length <= this.#maxBytes) return undefined;
    this.#isTooLarge = true;
    return this.#open(bytes);
  }

  /** Twice the room each time: what comes byte by byte is not copied with each byte. */
  #appended(chunk: Buffer): Buffer {
    if (this.#held === undefined) return chunk;
    const length = this.#held.length + chunk.length;
    if (this.#room === undefined || this.#room.length < length) {
      this.#room = Buffer.allocUnsafe(2 * length);
      this.#held.copy(this.#room);
    }
    chunk.copy(this.#room, this.#held.length);
    return this.#room.subarray(0, length);
  }

  #open(bytes: Buffer): Buffer {
    this.#isOpen = true;
    return bytes;
  }
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
