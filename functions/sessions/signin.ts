/**
 * The story of one sign-in: started, called back and completed. Who starts it ends it: only
 * `completeSignIn` makes a grant.
 */
import { asksForSignIn, type McpServer } from '../model/mcpserver.ts';
import {
  canonicalUrl,
  type Grant,
  type StoredGrant,
  isSamePerson,
  mismatch,
  type PersonKey,
  type ExchangeResult,
} from './grant.ts';
import type { Person } from './person.ts';
import { saveVerified, type VerificationPorts, type VerifyResult } from './verify.ts';
import { defined } from '../model/defined.ts';
import { qualifiedName } from '../model/mcpserver.ts';

/** A sign-in under way, known by its `state`. It is over after ten minutes. */
export type SignIn = {
  readonly starter: PersonKey;
  /** How the page for people calls the starter. */
  readonly starterName: string;
  readonly serverUid: string;
  readonly serverName: string;
  readonly serverUrl: string;
  readonly request: AuthorizationRequest;
  /** The loopback page of the command line that started it. */
  readonly returnTo?: string;
  readonly expiresAt: Date;
};

/**
 * What was asked of the issuer, and what has to be shown again when the code is exchanged.
 * `verifier` is secret (RFC 7636).
 */
export type AuthorizationRequest = {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly verifier: string;
};

/** What the issuer sent the browser back with. `iss` is RFC 9207's. */
export type AuthorizationAnswer = { readonly code: string; readonly iss?: string };

/** A sign-in whose code waits for its starter, known by the one-time secret. */
export type PendingCode = { readonly signIn: SignIn; readonly answer: AuthorizationAnswer };

export type AuthorizeResult =
  | {
      readonly kind: 'authorized';
      readonly authorizationUrl: URL;
      readonly request: AuthorizationRequest;
    }
  | { readonly kind: 'refused'; readonly message: string };

export type SignInPorts = VerificationPorts & {
  /** Text that nobody can guess: at least 256 bits, fit for a URL. */
  readonly newSecret: () => string;
  /**
   * Finds the server's issuer and prepares the address for the browser. `scopes` are asked for
   * besides those the server names.
   */
  readonly authorize: (
    server: McpServer,
    state: string,
    scopes: readonly string[],
  ) => Promise<AuthorizeResult>;
  readonly exchange: (
    request: AuthorizationRequest,
    answer: AuthorizationAnswer,
  ) => Promise<ExchangeResult>;
  readonly saveSignIn: (state: string, signIn: SignIn) => Promise<void>;
  /** Reads and removes in one step: a second caller gets nothing. */
  readonly consumeSignIn: (state: string) => Promise<SignIn | undefined>;
  readonly savePendingCode: (secret: string, parked: PendingCode) => Promise<void>;
  /** Reads and removes in one step, and only for the one who started it. */
  readonly consumePendingCode: (
    secret: string,
    starter: PersonKey,
    serverUid: string,
  ) => Promise<PendingCode | undefined>;
  readonly getGrant: (person: PersonKey, serverUid: string) => Promise<StoredGrant | undefined>;
};

const signInMs = 10 * 60_000;

export type StartResult =
  | { readonly kind: 'started'; readonly authorizationUrl: URL; readonly expiresAt: Date }
  | { readonly kind: 'badReturnTo' }
  | { readonly kind: 'nothingToSignInTo'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/** Prepares a sign-in of this person to this server; the browser does the rest. */
export async function startSignIn(
  ports: SignInPorts,
  server: McpServer,
  person: Person,
  returnTo?: string,
): Promise<StartResult> {
  if (returnTo !== undefined && !isLoopback(returnTo)) return { kind: 'badReturnTo' };
  const reason = whyNothing(server);
  const serverUrl = canonicalUrl(server.url);
  if (reason !== undefined || serverUrl === undefined)
    return { kind: 'nothingToSignInTo', message: reason ?? 'Its URL is no URL.' };

  const state = ports.newSecret();
  const authorized = await ports.authorize(server, state, await stepUp(ports, server, person));
  if (authorized.kind === 'refused') return authorized;

  const expiresAt = new Date(ports.now().getTime() + signInMs);
  await ports.saveSignIn(
    state,
    defined({
      starter: { issuer: person.issuer, subject: person.subject },
      starterName: person.email ?? person.name ?? person.subject,
      serverUid: server.uid,
      serverName: qualifiedName(server),
      serverUrl,
      request: authorized.request,
      returnTo,
      expiresAt,
    }),
  );
  return { kind: 'started', authorizationUrl: authorized.authorizationUrl, expiresAt };
}

/**
 * What a grant that was not enough has to have, too: its own scopes and those the server missed.
 */
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
    return 'It uses single sign-on; there is no sign-in of its own.';
  return asksForSignIn(server) ? undefined : 'It asks for no sign-in.';
}

// RFC 8252, section 7.3, and localhost, which section 8.3 discourages and browsers resolve to
// loopback.
const loopbackHosts = new Set(['127.0.0.1', '[::1]', 'localhost']);

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
  /** The code is parked. The secret goes to the starter's loopback page, or is shown. */
  | { readonly kind: 'parked'; readonly signIn: SignIn; readonly secret: string }
  | { readonly kind: 'declined'; readonly signIn: SignIn }
  /** No such sign-in is under way: it never was, is over, or was called back before. */
  | { readonly kind: 'unknown' };

/**
 * Takes the issuer's answer from the browser and parks it. Whoever the browser belongs to, nothing
 * is granted here.
 */
export async function callBack(
  ports: SignInPorts,
  state: string,
  answer: AuthorizationAnswer | undefined,
): Promise<CallbackResult> {
  const signIn = await ports.consumeSignIn(state);
  if (signIn === undefined || signIn.expiresAt <= ports.now()) return { kind: 'unknown' };
  if (answer === undefined) return { kind: 'declined', signIn };
  const secret = ports.newSecret();
  const expiresAt = new Date(ports.now().getTime() + signInMs);
  const parked = { ...signIn, expiresAt };
  await ports.savePendingCode(secret, { signIn: parked, answer });
  return { kind: 'parked', signIn: parked, secret };
}

export type CompleteResult =
  | ({ readonly kind: 'completed' } & VerifyResult)
  /**
   * No code waits for this secret, this person and this server. Which of the three it is, is
   * nobody's business.
   */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'serverChanged' }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Exchanges the parked code, once, for the one who started the sign-in, keeps the grant, and asks
 * the server whether it is worth something.
 */
export async function completeSignIn(
  ports: SignInPorts,
  server: McpServer,
  person: Person,
  secret: string,
): Promise<CompleteResult> {
  const parked = await ports.consumePendingCode(secret, person, server.uid);
  if (parked === undefined) return { kind: 'unknown' };
  const { signIn, answer } = parked;
  const isTheirs = isSamePerson(signIn.starter, person) && signIn.serverUid === server.uid;
  if (!isTheirs || signIn.expiresAt <= ports.now()) return { kind: 'unknown' };
  if (signIn.serverUrl !== canonicalUrl(server.url)) return { kind: 'serverChanged' };

  const exchanged = await ports.exchange(signIn.request, answer);
  if (exchanged.kind === 'refused') return exchanged;
  const { tokens, scopes, expiresAt } = exchanged;
  const grant: Grant = defined({
    person: signIn.starter,
    serverUid: server.uid,
    serverName: qualifiedName(server),
    serverUrl: signIn.serverUrl,
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
