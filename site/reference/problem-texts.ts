/** What the page of a problem document says: when the endpoint answers with it, and what to do. */
import type { ProblemName } from '../../functions/model/problem-types.ts';

export type ProblemText = {
  /** As a sentence. */
  readonly when: string;
  /** As a sentence. */
  readonly fix: string;
};

const operator = 'the owner of the endpoint';

/** A problem that is not here does not compile. */
export const problemTexts = {
  'sign-in-required': {
    when: 'The request has no token, and the route is not open to everyone. The list is open only with `ANONYMOUS_LIST=on`.',
    fix: 'Run `muster auth login`. A program sends an ID token as `Authorization: Bearer`.',
  },
  'invalid-token': {
    when: 'The token has expired, is for another audience or another issuer, or its signature is not valid. `detail` has the cause.',
    fix: 'Run `muster auth login`.',
  },
  'invalid-proof': {
    when: 'The proof in the header `DPoP` is for another request, was used before, or is older than a minute (RFC 9449).',
    fix: 'Check the clock of the machine, and that the command uses the address in `PUBLIC_URL`. A program makes a new proof for each request.',
  },
  'no-key': {
    when: 'The request changes something and has no proof. Sign-ins with `--device` and tokens from elsewhere can only read.',
    fix: 'Run `muster auth login`, with `--no-browser` if the browser is on another machine.',
  },
  'unknown-key': {
    when: 'The key was removed with `muster auth keys`, or was not used for 90 days.',
    fix: 'Run `muster auth login`.',
  },
  'key-refused': {
    when: 'The ID token is not of a sign-in with this key, or the key was removed before.',
    fix: 'Run `muster auth login`.',
  },
  'no-such-key': {
    when: 'You have no registered key with this thumbprint.',
    fix: 'Run `muster auth keys`.',
  },
  'token-too-large': {
    when: 'An ID token with many groups is longer than what the endpoint accepts.',
    fix: 'Ask the owner of the issuer to put fewer groups into the ID token.',
  },
  'invalid-query': {
    when: 'A parameter of the list has a value that it cannot have. `detail` names it.',
    fix: 'Correct the parameter. `GET /v1/openapi.json` has the values of each.',
  },
  'invalid-body': {
    when: 'The body is not JSON, or lacks a field. `detail` names it.',
    fix: 'Correct the body. `GET /v1/openapi.json` has its fields.',
  },
  'invalid-continue': {
    when: 'The token of the next page belongs to another person or another query.',
    fix: 'Send the same query with the `continue` of its last answer, or list again from the start.',
  },
  'list-expired': {
    when: 'The cluster keeps the snapshot of a list for some minutes only.',
    fix: 'List again from the start, without `continue`.',
  },
  'no-such-server': {
    when: 'No MCPServer has this name, or you may not see its namespace.',
    fix: 'Run `muster list mcpserver`. With access reviews, ask the administrator of the cluster for access to the namespace.',
  },
  'no-such-route': {
    when: 'The path is not one of the endpoint, or the endpoint is older than the command.',
    fix: 'Compare `muster version`. `GET /v1/openapi.json` has all routes.',
  },
  'too-many-requests': {
    when: 'A person, or all callers without a token, reached a limit. The title names what was too much, and `Retry-After` the time to wait.',
    fix: 'Wait for that time. The page Operate lists all limits.',
  },
  'access-unknown': {
    when: 'Access reviews are on, and the cluster did not answer, or your token lacks the claim with your name.',
    fix: `Try again in a minute. If the error persists, ask ${operator} to check the settings \`ACCESS_REVIEW\` and \`ACCESS_USERNAME_CLAIM\`.`,
  },
  'issuer-unavailable': {
    when: 'The keys of the issuer could not be read, so your token could not be verified.',
    fix: 'Try again in a minute. You do not need to sign in again.',
  },
  'table-unavailable': {
    when: 'DynamoDB did not answer, and the request needs rows of the table.',
    fix: `Try again in a minute. If the error persists, ask ${operator} to check the logs of the api function and the table of \`TABLE_NAME\`.`,
  },
  'cluster-unavailable': {
    when: 'The Kubernetes API did not answer, or refused the credentials of the endpoint.',
    fix: `Try again in a minute. If the error persists, ask ${operator} to check the logs of the api function.`,
  },
  'malformed-server': {
    when: 'A field of the MCPServer has a value that cannot be used.',
    fix: 'Correct the field with `kubectl edit mcpserver NAME`.',
  },
  'internal-error': {
    when: 'The endpoint failed in a way that was not foreseen. Its log has the request.',
    fix: `Try again. If the error persists, give ${operator} the request ID that the command prints.`,
  },
  'no-sign-in-started': {
    when: 'The server cannot be signed in to: it requires no sign-in, is of type stdio, or single sign-on covers it.',
    fix: 'Run `muster auth status`.',
  },
  'no-tokens': {
    when: 'Tokens go only to https addresses, and never to a server with a routing header in `spec.headers`.',
    fix: 'Ask the owner of the MCPServer to change `spec.url` or `spec.headers`.',
  },
  'sign-in-not-started': {
    when: 'The server or its issuer did not give what a sign-in needs. `detail` has the cause.',
    fix: 'Run `muster check NAME --sign-in`. It shows which link of the sign-in is broken.',
  },
  'no-such-sign-in': {
    when: 'The sign-in has expired, was already completed, or was started by another person.',
    fix: 'Run `muster auth login --server NAME`.',
  },
  'server-changed': {
    when: 'The URL or the headers of the MCPServer changed after the sign-in was started.',
    fix: 'Run `muster auth login --server NAME`.',
  },
  'sign-in-not-completed': {
    when: 'The issuer refused the code, or the server refused the new token. `detail` has the cause.',
    fix: 'Run `muster check NAME --sign-in`, then sign in again.',
  },
  'tokens-not-released': {
    when: 'The owner of the endpoint has not allowed that tokens reach machines (`RELEASE_TOKENS`, `RELEASE_HOSTS`).',
    fix: `Ask ${operator} to allow it with the setting that \`hint\` names.`,
  },
  'server-unusable': {
    when: 'The MCPServer has an address or headers that only the endpoint can use.',
    fix: 'Ask the owner of the MCPServer to change it.',
  },
  'no-session': {
    when: 'SESSION is Pending Auth or Expired, so there is no token.',
    fix: 'Run `muster auth login --server NAME`.',
  },
  'refresh-later': {
    when: 'The issuer of the server is unavailable. Your session has not ended.',
    fix: 'Try again after the time in `Retry-After`.',
  },
  'method-not-allowed': {
    when: 'The request has a method that HTTP does not use for resources, such as TRACE.',
    fix: 'Use GET, POST or DELETE. `GET /v1/openapi.json` has the methods of each route.',
  },
  'other-site': {
    when: 'A route of the live page was requested from another page, or from a program.',
    fix: 'Open `/live/` at the address of the endpoint. Programs use the command line.',
  },
  'code-refused': {
    when: 'The issuer did not exchange the code for tokens: it has expired, or was used before.',
    fix: 'Start a new sign-in on the live page.',
  },
  'other-sign-in': {
    when: 'The ID token was not issued for the key of the page that asks.',
    fix: 'Start a new sign-in on the live page, and complete it in the same window.',
  },
  'other-issuer': {
    when: 'The answer in the address of the page names another issuer than `OIDC_ISSUER`, or none (RFC 9207).',
    fix: `Start a new sign-in. If this happens again, ask ${operator} to check OIDC_ISSUER.`,
  },
  'client-refused': {
    when: 'The issuer does not know the client, its secret, or its redirect address.',
    fix: `Ask ${operator} to check OIDC_CLIENT_ID and OIDC_PUBLIC_CLIENT_SECRET, and that the address of the live page is a redirect address of this client.`,
  },
  'issuer-unusable': {
    when: 'The metadata or an answer of the issuer is not what OpenID Connect requires. `detail` has the cause.',
    fix: `Ask ${operator} to check OIDC_ISSUER.`,
  },
  'tokens-unusable': {
    when: 'The issuer gave no ID token, or tokens that the endpoint does not accept. `detail` has the cause.',
    fix: `Ask ${operator} to check OIDC_CLIENT_ID, OIDC_SCOPES and BEARER_AUDIENCE.`,
  },
  'signed-out': {
    when: 'The browser has no cookie of the live page, or the sign-in in it has expired.',
    fix: 'Sign in on the live page.',
  },
} as const satisfies Record<ProblemName, ProblemText>;
