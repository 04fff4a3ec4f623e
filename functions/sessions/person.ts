/** A person who is signed in. `issuer` + `subject` is the identity; the rest is for display. */
export type Person = {
  readonly issuer: string;
  readonly subject: string;
  /** Only an address that the issuer has verified. */
  readonly email?: string;
  readonly name?: string;
  readonly audiences: readonly string[];
  /** When the token of this request expires. */
  readonly expiresAt: Date;
};

/** The claims of a token whose signature was verified. */
export type Claims = Readonly<Record<string, unknown>>;

/** The sender of a request. */
export type Caller = {
  readonly person: Person;
  /**
   * The person's own token, for forwarding and token exchange where the owner allows it. Never
   * logged, stored or listed.
   */
  readonly token: string;
  readonly claims: Claims;
};

/** A person as the cluster knows them. */
export type AccessSubject = { readonly user: string; readonly groups: readonly string[] };

/** The sender of a request, or why it is unknown. */
export type BearerResult =
  | { readonly kind: 'valid'; readonly caller: Caller }
  | { readonly kind: 'invalid'; readonly message: string }
  /** The keys of the issuer could not be read: that says nothing about the token. */
  | {
      readonly kind: 'issuerUnavailable';
      readonly detail: string;
      /** There: the issuer was not asked, because it failed just before. */
      readonly retryAfterMs?: number;
    };
