/**
 * Whether an owner may add this parameter to the authorization request of the command line. Those
 * that carry the sign-in itself (RFC 6749, RFC 7636, RFC 8707, RFC 9101, RFC 9396, OpenID Connect
 * Core 1.0) are the command line's own.
 */
export const isAddedParameter = (name: string): boolean =>
  /^[\w.-]{1,60}$/.test(name) && !own.has(name);

const own: ReadonlySet<string> = new Set([
  'authorization_details',
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'registration',
  'request',
  'request_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'state',
]);
