/**
 * The code if it is a registered one (IANA, OAuth Extensions Error Registry, and RFC 6749), or one
 * that a large issuer documents. Any other text of an issuer or a server may quote what it was sent, also in pieces, so it is not kept.
 */
export const knownErrorCode = (text: string | undefined): string | undefined =>
  text !== undefined && codes.has(text) ? text : undefined;

const codes: ReadonlySet<string> = new Set([
  // GitHub.
  'bad_refresh_token',
  'bad_verification_code',
  'incorrect_client_credentials',
  'redirect_uri_mismatch',
  'unverified_user_email',
  // Google.
  'admin_policy_enforced',
  'org_internal',
  // Slack.
  'bad_client_secret',
  'invalid_client_id',
  'invalid_code',
  'invalid_refresh_token',
  // Entra ID, OpenID Connect Core, and registered ones.
  'access_denied',
  'account_selection_required',
  'authorization_pending',
  'consent_required',
  'expired_token',
  'insufficient_scope',
  'insufficient_user_authentication',
  'interaction_required',
  'invalid_authorization_details',
  'invalid_client',
  'invalid_client_metadata',
  'invalid_dpop_proof',
  'invalid_grant',
  'invalid_redirect_uri',
  'invalid_request',
  'invalid_request_object',
  'invalid_request_uri',
  'invalid_scope',
  'invalid_software_statement',
  'invalid_target',
  'invalid_token',
  'login_required',
  'registration_not_supported',
  'request_denied',
  'request_not_supported',
  'request_uri_not_supported',
  'server_error',
  'slow_down',
  'temporarily_unavailable',
  'unapproved_software_statement',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'unsupported_token_type',
  'use_dpop_nonce',
]);

/** The issuer does not know our client, or not its secret. The last three are GitHub's and Slack's. */
export const isClientCode = (code: string): boolean => clientCodes.has(code);

const clientCodes: ReadonlySet<string> = new Set([
  'invalid_client',
  'incorrect_client_credentials',
  'bad_client_secret',
  'invalid_client_id',
]);

/** The same request may succeed later: Request Timeout, Too Early, Too Many Requests, 5xx, a code. */
export const passesByItself = (status: number, code?: string): boolean =>
  status >= 500 || passingStatuses.has(status) || (code !== undefined && passingCodes.has(code));

const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

const passingCodes: ReadonlySet<string> = new Set([
  'server_error',
  'slow_down',
  'temporarily_unavailable',
]);
