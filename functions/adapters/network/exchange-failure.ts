/** Why an exchange over a connection that stands has no answer, in words of HTTP. */
export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure';
  readonly code: FailureCode;
  constructor(code: FailureCode, options?: ErrorOptions) {
    super(messages[code], options);
    this.code = code;
  }
}

export type FailureCode = keyof typeof messages;

const messages = {
  /** Before its head was whole. */
  CLOSED_WITHOUT_ANSWER: 'the server closed the connection without an answer',
  NOT_HTTP: 'the answer is not HTTP',
  HEAD_TOO_LARGE: 'the head of the answer is too large',
  /** The answer to a request in HTTP/1.1 is a frame of HTTP/2. */
  ONLY_HTTP2: 'the server speaks only HTTP/2',
  /** Without the values, which may be secrets. */
  UNUSABLE_REQUEST: 'the request cannot be sent',
} as const;
