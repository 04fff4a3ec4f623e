/**
 * Whether two issuer identifiers are the same one. They are compared as text (RFC 8414, section
 * 3.3), but for an empty path, which is the same with and without its slash (RFC 3986, section
 * 6.2.3): all Google-hosted servers, Auth0 and JumpCloud mix the two forms. Not for `iss` of an
 * answer: that is the issuer's own word, and it is compared exactly (RFC 9207, section 2.4).
 */
export const sameIssuer = (one: string, other: string): boolean =>
  one === other || withoutRootSlash(one) === withoutRootSlash(other);

/** The form without the slash, for keys that both forms have to share. */
export const withoutRootSlash = (issuer: string): string =>
  issuer.replace(/^(https?:\/\/[^/?#]+)\/$/i, '$1');
