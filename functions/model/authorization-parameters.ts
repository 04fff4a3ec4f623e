/**
 * Parameters of an authorization request that carry the sign-in itself (RFC 6749, RFC 7636,
 * RFC 8707, RFC 9101, OpenID Connect Core 1.0): no owner adds them.
 */
export const signInParameters = [
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'request',
  'request_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'state',
] as const;

/**
 * Whether an owner may add this parameter to the authorization request of the command line. RFC 9396
 * and OpenID Connect Core 1.0 have two more that are the command line's own.
 */
export const isAddedParameter = (name: string): boolean =>
  /^[\w.-]{1,60}$/.test(name) && !own.has(name);

const own: ReadonlySet<string> = new Set([
  ...signInParameters,
  'authorization_details',
  'registration',
]);
