/** The owner of the bearer. `issuer` + `subject` is the identity; the rest is for showing. */
export type Person = {
  readonly issuer: string;
  readonly subject: string;
  readonly email?: string;
  readonly name?: string;
  readonly audiences: readonly string[];
  readonly expiresAt: Date;
  /**
   * The bearer itself, for forwarding where the owner allowed it. Never logged, stored or listed.
   */
  readonly token: string;
};
