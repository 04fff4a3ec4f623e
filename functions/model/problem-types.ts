/**
 * Status and title of every problem document that the endpoint answers with (RFC 9457). The site has
 * a page about each, `/problems/<name>/`; its texts are in `site/reference/problem-texts.ts`.
 */

export const problemTypes = {
  'sign-in-required': [401, 'Sign-in required'],
  'invalid-token': [401, 'Invalid token'],
  'invalid-proof': [401, 'Invalid proof of possession'],
  'no-key': [403, 'This sign-in has no key of this machine'],
  'unknown-key': [403, 'The key of this machine is not registered'],
  'key-refused': [403, 'The key cannot be registered'],
  'no-such-key': [404, 'No such key'],
  'token-too-large': [413, 'Your ID token is too large'],
  'invalid-query': [400, 'Invalid query'],
  'invalid-body': [400, 'Invalid request body'],
  'invalid-continue': [400, 'Invalid continue token'],
  'list-expired': [410, 'The list has expired'],
  'no-such-server': [404, 'No such MCPServer'],
  'no-such-route': [404, 'No such route'],
  'too-many-requests': [429, 'Too many requests'],
  'access-unknown': [503, 'Your access could not be determined'],
  'issuer-unavailable': [503, 'The issuer is unavailable'],
  'table-unavailable': [503, 'The table is unavailable'],
  'cluster-unavailable': [503, 'The cluster is unavailable'],
  'malformed-server': [422, 'The MCPServer cannot be read'],
  'internal-error': [500, 'Internal error'],
  'no-sign-in-started': [409, 'No sign-in was started'],
  'no-tokens': [409, 'This server gets no tokens'],
  'sign-in-not-started': [502, 'The sign-in could not be started'],
  'no-such-sign-in': [404, 'No such sign-in'],
  'server-changed': [409, 'The server has changed'],
  'sign-in-not-completed': [502, 'The sign-in could not be completed'],
  'tokens-not-released': [403, 'Tokens are not released'],
  'server-unusable': [409, 'The server cannot be used from your machine'],
  'no-session': [409, 'You are not signed in to this server'],
  'refresh-later': [503, 'The session cannot be refreshed now'],
  'method-not-allowed': [405, 'Method not allowed'],
  'other-site': [403, 'Only the live page may send this request'],
  'code-refused': [400, 'The issuer refused the code of the sign-in'],
  'other-sign-in': [400, 'This is the answer to another sign-in'],
  'other-issuer': [400, 'The answer came from another issuer'],
  'client-refused': [502, 'The issuer does not accept muster as a client'],
  'issuer-unusable': [502, 'The issuer cannot be used'],
  'tokens-unusable': [502, 'The tokens of the issuer cannot be used'],
  'signed-out': [401, 'You are signed out of muster'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;
export type ProblemName = keyof typeof problemTypes;

/** The address of the page about a problem. Undefined without a site. */
export const problemPage = (site: URL | undefined, name: ProblemName): string | undefined =>
  site === undefined ? undefined : `${site.href.replace(/\/+$/, '')}/problems/${name}/`;
