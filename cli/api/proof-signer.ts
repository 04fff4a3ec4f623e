/** Makes proofs that a request comes from this machine. */
export type ProofSigner = {
  readonly thumbprint: string;
  /** A proof for one request (RFC 9449, section 4.2). */
  readonly proofFor: (request: {
    readonly method: string;
    readonly url: string;
    readonly token: string;
  }) => string;
  /**
   * Takes the time of the endpoint as the right one. False: this clock is right, or the time of the
   * endpoint is not known.
   */
  readonly correctClock: (there: Date | undefined) => boolean;
};
