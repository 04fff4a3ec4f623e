/** The scopes in a space-separated list (RFC 6749, section 3.3). */
export const scopesIn = (text: string): readonly string[] =>
  text.split(' ').filter((scope) => scope !== '');
