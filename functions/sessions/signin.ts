/**
 * The sign-in flow: start, callback, complete. Only the person who started a sign-in can complete
 * it, and only `completeSignIn` makes a grant.
 */
import {
  asksForSignIn,
  conditionOf,
  isReachable,
  type McpServer,
  qualifiedName,
} from '../model/mcpserver.ts';
import { defined } from '../model/defined.ts';
import { loopbackHosts } from '../model/loopback-redirect.ts';
import { knownErrorCode } from '../model/oauth-error-codes.ts';
import { oneLine, oneLineWithoutSecrets } from '../model/outside-text.ts';
import { signInMs } from '../model/sign-in-window.ts';
import { canonicalUrl, type ExchangeResult, type Grant, isSamePerson, mismatch } from './grant.ts';
import type {
  AuthorizationAnswer,
  AuthorizationRefusal,
  AuthorizationRequest,
  SignIn,
} from './pending-sign-in.ts';
import type { Person } from './person.ts';
import { refusesTokens, type TokenPolicy, type TokenRefusal } from './policy.ts';
import type { AnswerMarks, GrantStore, SecretSource, SignInStore } from './ports.ts';
import type { TakeLimit } from './rate-limits.ts';
import { saveVerified, type VerificationPorts, type VerifyResult } from './verification.ts';

export type AuthorizeResult =
  | {
      readonly kind: 'authorized';
      readonly authorizationUrl: URL;
      readonly request: AuthorizationRequest;
    }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * `scopes` are requested in addition to those the server names. `newClient`: the issuer may not
 * know the last one.
 */
export type WantedSignIn = { readonly scopes?: readonly string[]; readonly newClient?: boolean };

export type SignInPorts = VerificationPorts &
  SecretSource &
  SignInStore &
  AnswerMarks &
  Pick<GrantStore, 'getGrant'> & {
    readonly policy: TokenPolicy;
    /** The one page besides those on loopback that a sign-in may return to. */
    readonly livePage?: string;
    readonly takeLimit: TakeLimit;
    /**
     * Finds the server's issuer and prepares the URL for the browser.
     */
    readonly authorize: (
      server: McpServer,
      state: string,
      wanted: WantedSignIn,
    ) => Promise<AuthorizeResult>;
    readonly exchange: (
      request: AuthorizationRequest,
      answer: AuthorizationAnswer,
    ) => Promise<ExchangeResult>;
  };

/** Of the name on the callback page, in characters. */
const longestName = 100;

export type StartResult =
  | { readonly kind: 'started'; readonly authorizationUrl: URL; readonly expiresAt: Date }
  | { readonly kind: 'badReturnTo' }
  | { readonly kind: 'nothingToSignInTo'; readonly message: string }
  /** No token of anyone may be sent to this server. */
  | ({ readonly kind: 'noTokens' } & TokenRefusal)
  | { readonly kind: 'refused'; readonly message: string };

/** Prepares a sign-in of this person to this server; the browser does the rest. */
export async function startSignIn(
  ports: SignInPorts,
  server: McpServer,
  person: Person,
  returnTo?: string,
): Promise<StartResult> {
  // Exactly this text: what is parsed could be read differently by the browser.
  const mayReturn = returnTo === undefined || returnTo === ports.livePage || isLoopback(returnTo);
  if (!mayReturn) return { kind: 'badReturnTo' };
  const problem = whyNothing(server);
  const serverUrl = canonicalUrl(server.url);
  if (problem !== undefined || serverUrl === undefined)
    return { kind: 'nothingToSignInTo', message: problem ?? 'Its URL is not valid.' };
  const forbidden = refusesTokens(server, ports.policy);
  if (forbidden !== undefined) return { kind: 'noTokens', ...forbidden };

  const state = ports.newSecret();
  const authorized = await ports.authorize(server, state, {
    scopes: await stepUp(ports, server, person),
    newClient: await lacksAnswer(ports, server, person),
  });
  if (authorized.kind === 'refused') return authorized;

  const expiresAt = new Date(ports.now().getTime() + signInMs);
  await ports.markAttempt(person, server.uid, new Date(ports.now().getTime() + attemptMs));
  await ports.saveSignIn(
    state,
    defined({
      starter: { issuer: person.issuer, subject: person.subject },
      starterName: oneLine(person.email ?? person.subject, longestName),
      serverUid: server.uid,
      serverName: qualifiedName(server),
      serverUrl,
      headersDigest: server.headersDigest,
      request: authorized.request,
      returnTo,
      expiresAt,
    }),
  );
  await ports.markStarted(authorized.request.issuer, ports.now());
  return { kind: 'started', authorizationUrl: authorized.authorizationUrl, expiresAt };
}

/**
 * Whether this person was at the issuer before and did not come back: it may have shown an error
 * page, as an issuer does that lost our registration. A person who gave up looks the same, so how
 * often this is taken for a reason is limited.
 */
const lacksAnswer = async (
  { consumeAttempt, takeLimit }: SignInPorts,
  { uid }: McpServer,
  person: Person,
): Promise<boolean> =>
  (await consumeAttempt(person, uid)) && (await takeLimit(person, 'newClient')).kind === 'allowed';

/** After a longer pause, a new try says nothing about the last one. */
const attemptMs = 60 * 60_000;

/** The scopes to request when a grant was not enough: its own and those the server missed. */
async function stepUp(
  { getGrant }: SignInPorts,
  server: McpServer,
  person: Person,
): Promise<readonly string[]> {
  const { grant } = (await getGrant(person, server.uid)) ?? {};
  if (grant === undefined || mismatch(grant, server) !== undefined) return [];
  const missing = grant.refused?.missingScopes;
  return missing === undefined ? [] : [...grant.scopes, ...missing];
}

function whyNothing(server: McpServer): string | undefined {
  if (server.type === 'stdio') return 'It runs on the machine of its user (stdio).';
  if (server.singleSignOn !== undefined)
    return 'It uses single sign-on and has no sign-in of its own.';
  if (asksForSignIn(server)) return undefined;
  if (!isReachable(server.status))
    return 'It cannot be reached, so it is not known whether it requires a sign-in.';
  return conditionOf(server.status, 'AuthRequired')?.status === 'False'
    ? 'It does not require a sign-in.'
    : 'It answers without asking for a sign-in. Whether it requires one is not known.';
}

function isLoopback(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'http:') return false;
  return (
    loopbackHosts.has(url.hostname) &&
    url.port !== '' &&
    url.username === '' &&
    url.password === '' &&
    url.hash === ''
  );
}

export type CallbackResult =
  /** The code is stored. The secret goes to the starter's loopback page, or is shown. */
  | { readonly kind: 'parked'; readonly signIn: SignIn; readonly secret: string }
  /** The message is the issuer's answer in our sentence, for the starter. */
  | { readonly kind: 'declined'; readonly signIn: SignIn; readonly message: string }
  /** The answer names another issuer, or none although its issuer announced `iss` (RFC 9207). */
  | { readonly kind: 'notNamed'; readonly signIn: SignIn }
  /**
   * There is no such sign-in at this callback: it never existed, has expired, had its callback
   * before, or was started at another issuer.
   */
  | { readonly kind: 'unknown' };

/**
 * Stores the issuer's answer from the browser. Grants nothing: any browser may come here. `place`
 * is the last segment of the callback: each issuer has its own, and a state that arrives at that of
 * another issuer is a mix-up (RFC 9700, section 4.4). Its code is not even stored.
 */
export async function callBack(
  ports: SignInPorts,
  place: string,
  state: string,
  answer: AuthorizationAnswer | AuthorizationRefusal,
): Promise<CallbackResult> {
  const signIn = await ports.consumeSignIn(state);
  if (signIn === undefined) return { kind: 'unknown' };
  const { request } = signIn;
  if (request.redirectUri.split('/').at(-1) !== place) return { kind: 'unknown' };
  await ports.markAnswered(request.issuer);
  const code = 'code' in answer ? undefined : knownErrorCode(answer.error);
  // As if no browser had come back: that bounds how often anyone can make us register.
  if (code !== undefined && aboutClient.has(code))
    await ports.markStarted(request.issuer, new Date(ports.now().getTime() - signInMs));
  else await ports.consumeAttempt(signIn.starter, signIn.serverUid);
  if (signIn.expiresAt <= ports.now()) return { kind: 'unknown' };
  if (!('code' in answer)) {
    return { kind: 'declined', signIn, message: refusalText(signIn, code, answer.description) };
  }
  const isTheirs = answer.iss === undefined ? !request.isNamed : answer.iss === request.issuer;
  if (!isTheirs) return { kind: 'notNamed', signIn };
  const secret = ports.newSecret();
  const expiresAt = new Date(ports.now().getTime() + signInMs);
  const pending = { ...signIn, expiresAt };
  await ports.savePendingCode(secret, { signIn: pending, answer });
  return { kind: 'parked', signIn: pending, secret };
}

/** The issuer does not take our client: the next sign-in takes another one. */
const aboutClient: ReadonlySet<string> = new Set([
  'invalid_client',
  'invalid_client_id',
  'invalid_client_metadata',
  'invalid_redirect_uri',
  'redirect_uri_mismatch',
  'unauthorized_client',
]);

/** Server, issuer, what it was asked for, and its own words, cleaned. */
function refusalText(
  { serverName, request: { issuer, scopes, resource } }: SignIn,
  code = 'an error without a known code',
  description = '',
): string {
  const host = URL.parse(issuer)?.host ?? issuer;
  const words = oneLineWithoutSecrets(description, 300).replace(/\.$/, '');
  const said = words === '' ? '' : ` It says: ${words}.`;
  const advice =
    code === 'invalid_target'
      ? ' If it does not know the parameter resource, the owner of muster can set "noResource" for it in ISSUERS.'
      : '';
  const scope = scopes.length === 0 ? 'no scopes' : `the scopes ${scopes.join(' ')}`;
  return oneLine(
    `The issuer ${host} refused the sign-in to ${serverName}: ${code}.${said} It was asked for ${oneLine(scope, 200)}, for ${oneLine(resource, 200)}.${advice}`,
    longestRefusal,
  );
}

/** It goes to the starter in the address of the loopback page. */
const longestRefusal = 900;

export type CompleteResult =
  | ({ readonly kind: 'completed' } & VerifyResult)
  /** No code waits for this secret, person and server. Deliberately not distinguished. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'serverChanged' }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Exchanges the stored code, once and only for the starter of the sign-in, stores the grant, and
 * asks the server whether it works.
 */
export async function completeSignIn(
  ports: SignInPorts,
  server: McpServer,
  person: Person,
  secret: string,
): Promise<CompleteResult> {
  const pending = await ports.consumePendingCode(secret, person, server.uid);
  if (pending === undefined) return { kind: 'unknown' };
  const { signIn, answer } = pending;
  const isTheirs = isSamePerson(signIn.starter, person) && signIn.serverUid === server.uid;
  if (!isTheirs || signIn.expiresAt <= ports.now()) return { kind: 'unknown' };
  if (
    signIn.serverUrl !== canonicalUrl(server.url) ||
    signIn.headersDigest !== server.headersDigest
  )
    return { kind: 'serverChanged' };

  const exchanged = await ports.exchange(signIn.request, answer);
  if (exchanged.kind === 'refused') return exchanged;
  const { tokens, scopes, expiresAt } = exchanged;
  const grant: Grant = defined({
    person: signIn.starter,
    serverUid: server.uid,
    serverName: qualifiedName(server),
    serverUrl: signIn.serverUrl,
    headersDigest: signIn.headersDigest,
    issuer: signIn.request.issuer,
    clientId: signIn.request.clientId,
    resource: signIn.request.resource,
    scopes,
    kind: 'signIn',
    obtainedAt: ports.now(),
    expiresAt,
    refreshable: tokens.refreshToken !== undefined,
  });
  return { kind: 'completed', ...(await saveVerified(ports, server, grant, tokens)) };
}
