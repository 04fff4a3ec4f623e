/**
 * Status and title of every problem document that the endpoint answers with (RFC 9457). The site has
 * a page about each, `/problems/<name>/`; its texts are in `site/reference/problem-texts.ts`.
 */

export const problemTypes = {
  'sign-in-required': { status: 401, title: 'Sign-in required' },
  'invalid-token': { status: 401, title: 'Invalid token' },
  'invalid-proof': { status: 401, title: 'Invalid proof of possession' },
  'no-key': { status: 403, title: 'This sign-in has no key of this machine' },
  'unknown-key': { status: 403, title: 'The key of this machine is not registered' },
  'key-refused': { status: 403, title: 'The key cannot be registered' },
  'no-such-key': { status: 404, title: 'No such key' },
  'token-too-large': { status: 413, title: 'Your ID token is too large' },
  'invalid-query': { status: 400, title: 'Invalid query' },
  'invalid-body': { status: 400, title: 'Invalid request body' },
  'invalid-continue': { status: 400, title: 'Invalid continue token' },
  'list-expired': { status: 410, title: 'The list has expired' },
  'no-such-server': { status: 404, title: 'No such MCPServer' },
  'no-such-route': { status: 404, title: 'No such route' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'access-unknown': { status: 503, title: 'Your access could not be determined' },
  'issuer-unavailable': { status: 503, title: 'The issuer is unavailable' },
  'table-unavailable': { status: 503, title: 'The table is unavailable' },
  'cluster-unavailable': { status: 503, title: 'The cluster is unavailable' },
  'malformed-server': { status: 422, title: 'The MCPServer cannot be read' },
  'internal-error': { status: 500, title: 'Internal error' },
  'no-sign-in-started': { status: 409, title: 'No sign-in was started' },
  'no-tokens': { status: 409, title: 'This server gets no tokens' },
  'sign-in-not-started': { status: 502, title: 'The sign-in could not be started' },
  'no-such-sign-in': { status: 404, title: 'No such sign-in' },
  'server-changed': { status: 409, title: 'The server has changed' },
  'sign-in-not-completed': { status: 502, title: 'The sign-in could not be completed' },
  'tokens-not-released': { status: 403, title: 'Tokens are not released' },
  'server-unusable': { status: 409, title: 'The server cannot be used from your machine' },
  'no-session': { status: 409, title: 'You are not signed in to this server' },
  'refresh-later': { status: 503, title: 'The session cannot be refreshed now' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;
export type ProblemName = keyof typeof problemTypes;

/** The address of the page about a problem. Undefined without a site. */
export const problemPage = (site: URL | undefined, name: ProblemName): string | undefined =>
  site === undefined ? undefined : `${site.href.replace(/\/+$/, '')}/problems/${name}/`;
