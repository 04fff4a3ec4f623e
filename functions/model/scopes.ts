/**
 * The scopes in a space-separated list (RFC 6749, section 3.3), as far as `validScopes` keeps them.
 */
export const scopesIn = (text: string): readonly string[] => validScopes(text.split(' '));

/**
 * The scopes that follow the syntax of RFC 6749, section 3.3, each once: at most 100, of at most 256
 * characters. What is longer, or holds a blank, a quote, a backslash, a control character or
 * anything outside ASCII, is left out: it could name two scopes, or forge a line where it is shown.
 */
export const validScopes = (scopes: readonly string[]): readonly string[] =>
  [...new Set(scopes.filter((scope) => syntax.test(scope)))].slice(0, 100);

const syntax = /^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/;
