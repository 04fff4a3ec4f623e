/**
 * The names that the tokens of an issuer may bear in `iss`, its own first. Google's ID tokens have
 * either of two (developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload).
 */
export const issuerNames = (issuer: string): string[] =>
  issuer === 'https://accounts.google.com' ? [issuer, 'accounts.google.com'] : [issuer];
