/** The tokens of a wild issuer: its codes, grants and ID tokens. */
import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { defined } from '../../functions/model/defined.ts';
import { type Client, clientBook } from './client-book.ts';
import type { IssuerQuirks, Refusal } from './issuer-quirks.ts';

type Grant = {
  readonly client: Client;
  readonly email: string;
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
  readonly nonce: string | undefined;
  readonly isRefreshable: boolean;
  isEnded: boolean;
};

type Authorization = {
  readonly client: Client;
  readonly redirectUri: string;
  readonly query: URLSearchParams;
  readonly email: string;
  readonly scopes: readonly string[];
};

/** What the token endpoint says: an answer, or a refusal. */
export type Said =
  | { readonly kind: 'body'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'refusal'; readonly refusal: Refusal };

const refusal = (error: string, refused: Refusal = {}): Said => ({
  kind: 'refusal',
  refusal: { error, ...refused },
});

/** One issuer's books. `quirksNow` says what it does at this moment. */
export async function tokenDesk(url: string, quirksNow: () => IssuerQuirks) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keys = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: '1' }] };
  const codes = new Map<string, Authorization>();
  const accessTokens = new Map<string, Grant>();
  const refreshTokens = new Map<string, { readonly grant: Grant; isUsed: boolean }>();
  const secrets = new Set<string>();
  const newSecret = (): string => {
    const made = randomBytes(24).toString('base64url');
    secrets.add(made);
    return made;
  };
  const { clientOf, ...clients } = clientBook(quirksNow, newSecret);

  function code(authorization: Authorization): string {
    const made = newSecret();
    codes.set(made, authorization);
    return made;
  }

  async function token(form: URLSearchParams, authorization?: string): Promise<Said> {
    const quirks = quirksNow();
    const type = form.get('grant_type') ?? '';
    if (type === 'urn:ietf:params:oauth:grant-type:token-exchange') return exchange(form);
    const asking = clientOf(form, authorization);
    if (asking === undefined) return refusal('invalid_client', { status: 401 });
    if (form.has('resource') && quirks.refusesResource?.at === 'always')
      return refusal('invalid_target', quirks.refusesResource);
    switch (type) {
      case 'authorization_code':
        return redeem(form, asking);
      case 'refresh_token':
        return renew(form, asking);
      default:
        return refusal('unsupported_grant_type');
    }
  }

  async function redeem(form: URLSearchParams, asking: Client): Promise<Said> {
    const { refusesCode } = quirksNow();
    if (refusesCode !== undefined) return { kind: 'refusal', refusal: refusesCode };
    const given = form.get('code') ?? '';
    const found = codes.get(given);
    codes.delete(given);
    const { query } = found ?? {};
    const isProven =
      query !== undefined &&
      found?.client.id === asking.id &&
      found.redirectUri === form.get('redirect_uri') &&
      query.get('code_challenge') === s256(form.get('code_verifier') ?? '');
    if (found === undefined || !isProven) return refusal('invalid_grant');
    const grant: Grant = {
      client: asking,
      email: found.email,
      scopes: found.scopes,
      resource: query.get('resource') ?? undefined,
      nonce: query.get('nonce') ?? undefined,
      isRefreshable: isRefreshable(found, quirksNow()),
      isEnded: false,
    };
    return tokens(grant);
  }

  async function renew(form: URLSearchParams, asking: Client): Promise<Said> {
    const quirks = quirksNow();
    const { refusesRefresh, refusesResource, wantsScopesAtRefresh } = quirks;
    if (refusesRefresh !== undefined) return { kind: 'refusal', refusal: refusesRefresh };
    if (refusesResource?.at === 'refresh' && form.has('resource'))
      return refusal('invalid_target', refusesResource);
    const given = refreshTokens.get(form.get('refresh_token') ?? '');
    if (given === undefined || given.grant.client.id !== asking.id || given.grant.isEnded)
      return refusal('invalid_grant');
    if (wantsScopesAtRefresh && !form.has('scope')) return refusal('invalid_scope');
    if (given.isUsed && quirks.rotates !== false) {
      // RFC 9700, section 4.14.2: reuse ends the family.
      given.grant.isEnded = true;
      return refusal('invalid_grant');
    }
    given.isUsed = true;
    return tokens(given.grant);
  }

  async function tokens(grant: Grant): Promise<Said> {
    const quirks = quirksNow();
    const accessToken = newSecret();
    accessTokens.set(accessToken, grant);
    const refreshToken = grant.isRefreshable ? newSecret() : undefined;
    if (refreshToken !== undefined) refreshTokens.set(refreshToken, { grant, isUsed: false });
    const idToken = await idTokenFor(grant, quirks);
    if (typeof idToken === 'string' && idToken.length > 20) secrets.add(idToken);
    const members = {
      ...(quirks.nulls ? { refresh_token: null, scope: null, id_token: null } : {}),
      ...defined({
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: quirks.expiresIn === undefined ? 3_600 : quirks.expiresIn,
        refresh_token: refreshToken,
        id_token: idToken,
      }),
      ...quirks.tokenMembers,
    };
    const kept = Object.entries(members).filter(([, value]) => value !== undefined);
    return { kind: 'body', status: quirks.tokenStatus ?? 200, body: Object.fromEntries(kept) };
  }

  /** For `openid`, and where it sends one that nobody asked for. */
  async function idTokenFor(
    grant: Grant,
    quirks: IssuerQuirks,
  ): Promise<string | null | undefined> {
    const { strayIdToken: stray } = quirks;
    if (stray === 'null') return null;
    if (stray === 'garbage') return 'not.a.jwt';
    if (stray === undefined && !grant.scopes.includes('openid')) return undefined;
    const now = Math.floor(Date.now() / 1000) + (stray === 'ahead' ? 40 : 0);
    const honest = defined({
      iss: url,
      sub: grant.email.split('@')[0] ?? '',
      aud: stray === 'otherAudience' ? 'somebody-else' : grant.client.id,
      iat: now,
      exp: now + (quirks.idTokenSeconds ?? 3_600),
      nbf: stray === 'ahead' ? now : undefined,
      nonce: grant.nonce,
      email: grant.email,
      email_verified: true,
      name: 'A person',
      groups: grant.scopes.includes('groups') ? ['platform'] : undefined,
    });
    return sign({ ...honest, ...quirks.claims?.(honest) });
  }

  const sign = (claims: Readonly<Record<string, unknown>>): Promise<string> =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: '1' }).sign(privateKey);

  /** The parameters and the answer that Dex documents; the person's token is taken as it is. */
  async function exchange(form: URLSearchParams): Promise<Said> {
    const { exchange: offered } = quirksNow();
    if (offered === undefined) return refusal('unsupported_grant_type');
    if (offered.refuses !== undefined) return { kind: 'refusal', refusal: offered.refuses };
    for (const [name, value] of Object.entries(offered.needs ?? {}))
      if (!form.getAll(name).some((given) => given.split(' ').includes(value)))
        return refusal('invalid_request', { description: `${name} must have ${value}` });
    const { sub = '' } = decodeJwt(form.get('subject_token') ?? '');
    const scopes = (form.get('scope') ?? '').split(' ');
    const now = Math.floor(Date.now() / 1000);
    const made = await sign({ iss: url, sub, aud: 'muster', iat: now, exp: now + 3_600 });
    secrets.add(made);
    accessTokens.set(made, {
      client: { id: 'exchange', redirectUris: [], authentication: 'none' },
      email: sub,
      scopes,
      resource: undefined,
      nonce: undefined,
      isRefreshable: false,
      isEnded: false,
    });
    return {
      kind: 'body',
      status: 200,
      body: {
        access_token: made,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'bearer',
        expires_in: offered.expiresIn ?? 3_600,
      },
    };
  }

  function revoke(form: URLSearchParams, authorization?: string): Said {
    const { refusesRevocation } = quirksNow();
    if (refusesRevocation !== undefined) return { kind: 'refusal', refusal: refusesRevocation };
    if (clientOf(form, authorization) === undefined)
      return refusal('invalid_client', { status: 401 });
    const given = form.get('token') ?? '';
    const grant = accessTokens.get(given) ?? refreshTokens.get(given)?.grant;
    if (grant !== undefined) grant.isEnded = true;
    return { kind: 'body', status: 200, body: '' };
  }

  return {
    keys,
    ...clients,
    code,
    token,
    revoke,
    secrets,
    accepts: (given: string, resource?: string): boolean => {
      const grant = accessTokens.get(given);
      if (grant === undefined || grant.isEnded) return false;
      return resource === undefined || grant.resource === undefined || grant.resource === resource;
    },
    madeFor: (given: string): readonly string[] => accessTokens.get(given)?.scopes ?? [],
    endAccessTokens: () => accessTokens.clear(),
    endSessions: () => {
      accessTokens.clear();
      refreshTokens.clear();
    },
  };
}

/** Whether this sign-in gets a refresh token. */
function isRefreshable(
  { scopes, query }: Authorization,
  { refreshFor = 'anyone' }: IssuerQuirks,
): boolean {
  const isOffline = scopes.includes('offline_access');
  switch (refreshFor) {
    case 'anyone':
      return true;
    case 'offline_access':
      return isOffline;
    case 'consent':
      return isOffline && (query.get('prompt') ?? '').split(' ').includes('consent');
    case 'access_type':
      return query.get('access_type') === 'offline';
    case 'never':
      return false;
  }
}

const s256 = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url');
