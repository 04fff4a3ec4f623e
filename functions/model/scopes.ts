/**
 * The scopes in a space-separated list (RFC 6749, section 3.3). Servers and issuers write it: at
 * most 100 of at most 256 characters; what is no scope is left out.
 */
export const scopesIn = (text: string): readonly string[] =>
  text
    .split(' ')
    .filter((scope) => /^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/.test(scope))
    .slice(0, 100);
