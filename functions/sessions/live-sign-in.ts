/**
 * The sign-in of a person to muster on the live page. The endpoint asks the issuer in place of the
 * page (draft-ietf-oauth-browser-based-apps, section 6.2): state, verifier and key stay in the page.
 */
import { defined } from '../model/defined.ts';
import type { LiveCompleteRequest, LiveSignInRequest } from '../model/wire/live-wire.ts';
import type { BearerResult } from './person.ts';

/** What the operator set for sign-ins to muster. */
export type LiveClient = {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** Only where the issuer lists them. */
  readonly optionalScopes: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  /** Audience of the access tokens that the endpoint accepts. Absent: it accepts ID tokens. */
  readonly resource?: string;
};

/**
 * Why the issuer cannot be used. `code`: it refuses this code. `client`: it refuses our client.
 * `otherIssuer`: the code is from another issuer (RFC 9207). `unavailable`: it may answer later.
 */
export type IssuerTrouble = {
  readonly kind: 'refused';
  readonly why: 'code' | 'client' | 'otherIssuer' | 'unavailable' | 'issuer';
  readonly message: string;
};

export type PersonIssuerFacts =
  | {
      readonly kind: 'known';
      readonly authorizationEndpoint: string;
      /** Absent: it publishes no list. */
      readonly scopes?: readonly string[];
    }
  | IssuerTrouble;

export type PersonRedemption =
  | { readonly kind: 'redeemed'; readonly accessToken: string; readonly idToken?: string }
  | IssuerTrouble;

/** What the issuer of people is asked in place of the page. */
export type PersonIssuer = {
  readonly readFacts: () => Promise<PersonIssuerFacts>;
  /** Exchanges a code once. A refresh token that comes is dropped. */
  readonly redeem: (
    answer: Pick<LiveCompleteRequest, 'code' | 'verifier' | 'iss'>,
  ) => Promise<PersonRedemption>;
};

export type LiveSignInPorts = {
  readonly issuer: PersonIssuer;
  readonly client: LiveClient;
  /** Scopes that MCPServers add to the sign-in of everyone. */
  readonly audienceScopes: () => Promise<readonly string[]>;
  /** Verifies a token as for every request. */
  readonly verify: (token: string) => Promise<BearerResult>;
  readonly verifyIdToken: (token: string) => Promise<BearerResult>;
};

export type LiveStartResult =
  | { readonly kind: 'started'; readonly authorizationUrl: URL }
  | IssuerTrouble;

/** Where the page leads the browser to. */
export async function startLiveSignIn(
  { issuer, client, audienceScopes }: LiveSignInPorts,
  wanted: LiveSignInRequest,
): Promise<LiveStartResult> {
  const [facts, added] = await Promise.all([issuer.readFacts(), audienceScopes()]);
  if (facts.kind === 'refused') return facts;
  const scopes = liveScopes(client, { added, listed: facts.scopes ?? [] }, wanted);
  const authorizationUrl = new URL(facts.authorizationEndpoint);
  const parameters = {
    ...liveParameters(client.parameters),
    ...defined({
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: client.redirectUri,
      scope: scopes.join(' '),
      state: wanted.state,
      nonce: wanted.nonce,
      code_challenge: wanted.challenge,
      code_challenge_method: 'S256',
      resource: client.resource,
    }),
  };
  for (const [name, value] of Object.entries(parameters))
    authorizationUrl.searchParams.set(name, value);
  return { kind: 'started', authorizationUrl };
}

/** A browser keeps no refresh token, so none is requested (OpenID Connect Core, section 11). */
const offline = 'offline_access';

/** As the command line decides. */
export function liveScopes(
  { scopes, optionalScopes }: Pick<LiveClient, 'scopes' | 'optionalScopes'>,
  { added, listed }: { readonly added: readonly string[]; readonly listed: readonly string[] },
  { fewerScopes = false }: Pick<LiveSignInRequest, 'fewerScopes'>,
): readonly string[] {
  const known = optionalScopes.filter((scope) => listed.includes(scope));
  // One MCPServer that names an audience the issuer does not know must not lock everyone out,
  // and neither must a scope that the issuer lists but does not allow to this client.
  const unsure = fewerScopes ? (added.length > 0 ? added : known) : [];
  const all = [...scopes, ...added, ...known];
  return [...new Set(all)].filter((scope) => scope !== offline && !unsure.includes(scope));
}

/**
 * Google's way to ask for a refresh token is `access_type=offline`, for which it needs
 * `prompt=consent` (developers.google.com/identity/protocols/oauth2/web-server#offline).
 */
export function liveParameters(
  parameters: LiveClient['parameters'],
): Readonly<Record<string, string>> {
  if (parameters['access_type'] !== 'offline') return parameters;
  const others = Object.entries(parameters).filter(
    ([name, value]) => name !== 'access_type' && !(name === 'prompt' && value === 'consent'),
  );
  return Object.fromEntries(others);
}

export type LiveCompleteResult =
  | {
      readonly kind: 'signedIn';
      readonly token: string;
      readonly idToken: string;
      readonly expiresAt: Date;
    }
  | IssuerTrouble
  /** The ID token is not of the sign-in that this page started. */
  | { readonly kind: 'otherSignIn' }
  /** The issuer gave tokens that this endpoint does not accept. */
  | { readonly kind: 'unusable'; readonly message: string };

/**
 * Exchanges the code of the page that has the verifier, and verifies what comes: the nonce of the ID
 * token is the key of that page. Without an audience the ID token is the token of the requests.
 */
export async function completeLiveSignIn(
  ports: LiveSignInPorts,
  { nonce, ...answer }: LiveCompleteRequest,
): Promise<LiveCompleteResult> {
  const redeemed = await ports.issuer.redeem(answer);
  if (redeemed.kind === 'refused') return redeemed;
  const { idToken, accessToken } = redeemed;
  if (idToken === undefined) return { kind: 'unusable', message: 'The issuer gave no ID token.' };
  const signIn = await ports.verifyIdToken(idToken);
  if (signIn.kind !== 'valid') return troubleWith(signIn);
  if (signIn.caller.claims['nonce'] !== nonce) return { kind: 'otherSignIn' };
  const token = ports.client.resource === undefined ? idToken : accessToken;
  const own = token === idToken ? signIn : await ports.verify(token);
  if (own.kind !== 'valid') return troubleWith(own);
  const [one, other] = [signIn.caller.person, own.caller.person];
  if (one.issuer !== other.issuer || one.subject !== other.subject)
    return { kind: 'unusable', message: 'The access token belongs to another person.' };
  return { kind: 'signedIn', token, idToken, expiresAt: other.expiresAt };
}

function troubleWith(
  result: Exclude<BearerResult, { kind: 'valid' }>,
): Extract<LiveCompleteResult, { kind: 'refused' | 'unusable' }> {
  switch (result.kind) {
    case 'invalid':
      return { kind: 'unusable', message: result.message };
    case 'issuerUnavailable':
      return { kind: 'refused', why: 'unavailable', message: result.detail };
  }
}

export type LiveResumeResult =
  | { readonly kind: 'resumed'; readonly token: string; readonly expiresAt: Date }
  | { readonly kind: 'ended' }
  | { readonly kind: 'unavailable' };

/** What a cookie kept is judged as if it came with a request, but without any leeway. */
export async function resumeLiveSignIn(
  { verify, now }: Pick<LiveSignInPorts, 'verify'> & { readonly now: () => Date },
  token: string | undefined,
): Promise<LiveResumeResult> {
  if (token === undefined) return { kind: 'ended' };
  const verified = await verify(token);
  switch (verified.kind) {
    case 'invalid':
      return { kind: 'ended' };
    case 'issuerUnavailable':
      return { kind: 'unavailable' };
    case 'valid': {
      const { expiresAt } = verified.caller.person;
      return expiresAt > now() ? { kind: 'resumed', token, expiresAt } : { kind: 'ended' };
    }
  }
}
