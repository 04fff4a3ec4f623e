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

/** A person as the cluster knows them. */
export type AccessSubject = { readonly user: string; readonly groups: readonly string[] };

/** Whose token it is, or why it is nobody's. */
export type BearerResult =
  | { readonly kind: 'valid'; readonly person: Person }
  | { readonly kind: 'invalid'; readonly message: string }
  /** The issuer could not be asked for its keys: that says nothing about the token. */
  | { readonly kind: 'issuerUnavailable'; readonly detail: string };
