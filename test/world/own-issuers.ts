/**
 * One OpenID issuer that behaves as the product whose quirks it is given. The person is signed in
 * there already: the browser is sent back at once.
 */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type JWTPayload, SignJWT } from 'jose';
import { listen } from '../../local/listen.ts';
import type { IssuerProductName } from './issuer-products.ts';

/** What differs between products. */
export type IssuerQuirks = {
  /** Of the issuer, below the origin. */
  readonly path: string;
  readonly algorithm: 'ES256' | 'RS256' | 'PS256' | 'EdDSA';
  /** Whether its keys say for which algorithm they are. */
  readonly keysHaveAlg: boolean;
  /** Absent: the discovery document has no such member. */
  readonly pkceMethods?: readonly string[];
  readonly scopes: readonly string[];
  /** What an unknown scope is answered with at the redirect; absent: it is ignored. */
  readonly unknownScope?: { readonly error: string; readonly error_description?: string };
  /** The redirect that is registered, and whether its port counts. */
  readonly redirect: string;
  readonly portCounts: boolean;
  /** At the token endpoint. */
  readonly secret?: string;
  readonly hasRefreshToken: (asked: URLSearchParams) => boolean;
  /** Whether a refresh brings another refresh token, and spends the old one. */
  readonly rotates: boolean;
  readonly claims: (client: string) => JWTPayload;
  /** How long before the answer an ID token says that it was made. */
  readonly backdatedSeconds: number;
  readonly accessTokenTyp: 'opaque' | 'JWT' | 'at+jwt';
  /** More members of the discovery document. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** What the discovery document says the issuer is, where that is not its address. */
  readonly namedAs?: (url: string) => string;
};

const offline = (asked: URLSearchParams): boolean =>
  (asked.get('scope') ?? '').split(' ').includes('offline_access');

const usual: IssuerQuirks = {
  path: '',
  algorithm: 'RS256',
  keysHaveAlg: true,
  pkceMethods: ['plain', 'S256'],
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  redirect: 'http://127.0.0.1/callback',
  portCounts: false,
  hasRefreshToken: offline,
  rotates: true,
  claims: () => ({ email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }),
  backdatedSeconds: 0,
  accessTokenTyp: 'opaque',
};

const fixedRedirect = 'http://127.0.0.1:8765/callback';

export const issuerQuirks: Readonly<Record<IssuerProductName, IssuerQuirks>> = {
  // Discovery without code_challenge_methods_supported: claude-code#13275, repost.aws question
  // QUWgnfYNLDS6WIHsXxEDyFdg. Redirects compared as a whole, http for localhost only:
  // docs.aws.amazon.com, cognito-user-pools-app-idp-settings. Refresh tokens without
  // offline_access, not rotated; groups in cognito:groups.
  cognito: {
    ...omitted('pkceMethods'),
    path: '/us-east-1_Example',
    scopes: ['openid', 'email', 'phone', 'profile'],
    unknownScope: { error: 'invalid_request', error_description: 'invalid_scope' },
    redirect: 'http://localhost:8765/callback',
    portCounts: true,
    hasRefreshToken: () => true,
    rotates: false,
    claims: () => ({
      email: 'ada@example.com',
      email_verified: true,
      'cognito:username': 'ada',
      'cognito:groups': ['platform'],
      token_use: 'id',
    }),
    accessTokenTyp: 'JWT',
  },
  // No code_challenge_methods_supported: typescript-sdk#832. The port of localhost is ignored:
  // learn.microsoft.com, reply-url. Tokens are backdated by five minutes, without email_verified;
  // keys without alg. More than 200 groups become _claim_names: azure-docs#39289.
  entra: {
    ...omitted('pkceMethods'),
    path: '/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    keysHaveAlg: false,
    redirect: 'http://localhost/callback',
    claims: () => ({
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      preferred_username: 'ada@example.com',
      tid: '9122040d-6c67-4c5b-b112-36a304b66dad',
      ver: '2.0',
      _claim_names: { groups: 'src1' },
      _claim_sources: {
        src1: { endpoint: 'https://graph.microsoft.com/v1.0/me/getMemberObjects' },
      },
    }),
    backdatedSeconds: 300,
    accessTokenTyp: 'JWT',
  },
  // Redirects compared as a whole: OpenShell#1900, smallstep/cli#286, argo-cd#5094. The scope
  // groups is there without configuration: support.okta.com, org and custom authorization servers.
  oktaOrg: {
    ...usual,
    scopes: ['openid', 'email', 'profile', 'address', 'phone', 'offline_access', 'groups'],
    unknownScope: { error: 'invalid_scope' },
    redirect: fixedRedirect,
    portCounts: true,
    claims: () => ({
      email: 'ada@example.com',
      email_verified: true,
      name: 'Ada Lovelace',
      groups: ['Everyone', 'platform'],
      ver: 1,
    }),
  },
  // Lists groups once it exists; a policy may still refuse it to this client.
  oktaCustom: {
    ...usual,
    path: '/oauth2/default',
    scopes: ['openid', 'email', 'profile', 'offline_access'],
    unknownScope: {
      error: 'invalid_scope',
      error_description:
        'One or more scopes are not configured for the authorization server resource.',
    },
    redirect: fixedRedirect,
    portCounts: true,
    metadata: {
      scopes_supported: ['openid', 'email', 'profile', 'offline_access', 'groups'],
    },
    accessTokenTyp: 'JWT',
  },
  // The slash at the end of the issuer: go-sdk#955, copilot-cli#4606. Opaque access tokens without
  // audience. Claims that are not of OpenID need a namespace: auth0.com/docs.
  auth0: {
    ...usual,
    path: '/',
    redirect: fixedRedirect,
    portCounts: true,
    claims: () => ({
      email: 'ada@example.com',
      email_verified: true,
      nickname: 'ada',
      'https://example.com/groups': ['platform'],
      sid: 'session',
    }),
  },
  // offline_access is refused: traefikoidc#44, holoviz/panel#5815. The secret of a desktop client
  // is required: google_workspace_mcp#1008, AppAuth-JS#91. A refresh token only with
  // access_type=offline, and again only with prompt=consent.
  google: {
    ...usual,
    path: '',
    scopes: ['openid', 'email', 'profile'],
    unknownScope: { error: 'invalid_scope' },
    secret: 'GOCSPX-example-of-a-desktop-client',
    hasRefreshToken: (asked) =>
      asked.get('access_type') === 'offline' && asked.get('prompt') === 'consent',
    rotates: false,
    claims: (client) => ({
      azp: client,
      email: 'ada@example.com',
      email_verified: true,
      hd: 'example.com',
    }),
  },
  // typ inside the token, prompt values, groups as a client scope: a real 26.7.3 on 2026-11-26.
  keycloak: {
    ...usual,
    path: '/realms/main',
    scopes: ['openid', 'profile', 'email', 'offline_access', 'groups', 'roles', 'acr'],
    claims: (client) => ({
      azp: client,
      typ: 'ID',
      email: 'ada@example.com',
      email_verified: true,
      name: 'Ada Lovelace',
      groups: ['/platform'],
      acr: '1',
    }),
    metadata: { prompt_values_supported: ['none', 'login', 'consent'] },
    accessTokenTyp: 'JWT',
  },
  // Any loopback port for a public client without redirectURIs; offline_access and groups listed; a
  // real Dex on 2026-11-25.
  dex: {
    ...usual,
    path: '/dex',
    scopes: ['openid', 'email', 'groups', 'profile', 'offline_access'],
    unknownScope: { error: 'invalid_scope', error_description: 'Unrecognized scope(s)' },
    claims: () => ({
      email: 'ada@example.com',
      email_verified: true,
      name: 'Ada Lovelace',
      groups: ['example:platform'],
      federated_claims: { connector_id: 'mock', user_id: 'ada' },
    }),
  },
};

function omitted(name: 'pkceMethods'): IssuerQuirks {
  const { [name]: _, ...rest } = usual;
  return rest;
}

export type OwnIssuer = {
  /** The issuer identifier. */
  readonly url: string;
  readonly client: string;
  /** Each authorization request that was sent, and each form of the token endpoint. */
  readonly asked: readonly URLSearchParams[];
  readonly redeemed: readonly URLSearchParams[];
  /** What the next ID tokens are like. */
  readonly next: {
    lifetimeSeconds: number;
    claims: JWTPayload;
    /** Answers every token request with this status instead. */
    status: number;
    /** Answers nothing at all. */
    hangs: boolean;
    /** Of access tokens, whatever was asked for. */
    audience: string | null;
    /** How far its clock is ahead of ours. */
    aheadSeconds: number;
  };
  readonly close: () => Promise<void>;
};

type Code = { readonly asked: URLSearchParams; readonly scope: string };

const client = 'muster-cli-of-ada';

export async function startOwnIssuer(quirks: IssuerQuirks = usual): Promise<OwnIssuer> {
  const asked: URLSearchParams[] = [];
  const redeemed: URLSearchParams[] = [];
  const codes = new Map<string, Code>();
  const refreshTokens = new Map<string, Code>();
  const next: OwnIssuer['next'] = {
    lifetimeSeconds: 3_600,
    claims: {},
    status: 200,
    hangs: false,
    audience: null,
    aheadSeconds: 0,
  };
  const key = newKey(quirks.algorithm);
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  const { url: origin, close: stop } = await listen(server);
  const url = `${origin}${quirks.path}`;
  const base = url.replace(/\/$/, '');

  const now = () => Math.floor(Date.now() / 1_000) + next.aheadSeconds;

  const idToken = (nonce: string | null) =>
    new SignJWT({
      iss: url,
      sub: 'ada-0123',
      aud: client,
      iat: now() - quirks.backdatedSeconds,
      nbf: now() - quirks.backdatedSeconds,
      exp: now() + next.lifetimeSeconds,
      ...(nonce === null ? {} : { nonce }),
      ...quirks.claims(client),
      ...next.claims,
    })
      .setProtectedHeader({ alg: quirks.algorithm, kid: key.kid, typ: 'JWT' })
      .sign(key.privateKey);

  const accessToken = (audience: string | null) =>
    quirks.accessTokenTyp === 'opaque' || audience === null
      ? randomBytes(24).toString('base64url')
      : new SignJWT({
          iss: url,
          sub: 'ada-0123',
          aud: audience,
          client_id: client,
          iat: now(),
          exp: now() + next.lifetimeSeconds,
          jti: randomBytes(8).toString('hex'),
        })
          .setProtectedHeader({
            alg: quirks.algorithm,
            kid: key.kid,
            typ: quirks.accessTokenTyp,
          })
          .sign(key.privateKey);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('date', new Date(now() * 1_000).toUTCString());
    const { pathname, searchParams } = new URL(request.url ?? '/', origin);
    const form = new URLSearchParams(await text(request));
    if (next.hangs) return;
    const json = (body: object, status = 200) =>
      void response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify(body));
    switch (pathname) {
      case `${new URL(base).pathname.replace(/\/$/, '')}/.well-known/openid-configuration`:
        return json(discovery());
      case '/keys':
        return json({
          keys: [quirks.keysHaveAlg ? { ...key.jwk, alg: quirks.algorithm } : key.jwk],
        });
      case '/authorize':
        return authorize(searchParams, response);
      case '/token':
        return redeem(form, json);
      default:
        return void response.writeHead(404).end();
    }
  }

  const discovery = () => ({
    issuer: quirks.namedAs?.(url) ?? url,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [quirks.algorithm],
    scopes_supported: quirks.scopes,
    code_challenge_methods_supported: quirks.pkceMethods,
    ...quirks.metadata,
  });

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    asked.push(query);
    const redirect = query.get('redirect_uri') ?? '';
    // The person sees an error page, and the command line hears nothing.
    if (query.get('client_id') !== client || !isRegistered(redirect, quirks))
      return void response.writeHead(400).end('redirect_mismatch');
    const scopes = (query.get('scope') ?? '').split(' ');
    const back = new URL(redirect);
    back.searchParams.set('state', query.get('state') ?? '');
    if (quirks.unknownScope && scopes.some((scope) => !quirks.scopes.includes(scope)))
      for (const [name, value] of Object.entries(quirks.unknownScope))
        back.searchParams.set(name, value);
    else {
      const code = randomBytes(24).toString('base64url');
      codes.set(code, { asked: query, scope: scopes.join(' ') });
      back.searchParams.set('code', code);
    }
    response.writeHead(302, { location: back.href }).end();
  }

  async function redeem(
    form: URLSearchParams,
    json: (body: object, status?: number) => void,
  ): Promise<void> {
    redeemed.push(form);
    if (next.status !== 200) return json({ error: 'temporarily_unavailable' }, next.status);
    if (form.get('client_id') !== client) return json({ error: 'invalid_client' }, 401);
    // Google: {"error": "invalid_request", "error_description": "client_secret is missing."}
    if (quirks.secret !== undefined && form.get('client_secret') !== quirks.secret)
      return json(
        { error: 'invalid_request', error_description: 'client_secret is missing.' },
        400,
      );
    const refreshes = form.get('grant_type') === 'refresh_token';
    const held = refreshes ? refreshTokens : codes;
    const ticket = form.get(refreshes ? 'refresh_token' : 'code') ?? '';
    const code = held.get(ticket);
    if (code === undefined) return json({ error: 'invalid_grant' }, 400);
    if (!refreshes || quirks.rotates) held.delete(ticket);
    if (!refreshes && !isProven(form, code.asked)) return json({ error: 'invalid_grant' }, 400);
    const hasRefreshToken = refreshes ? quirks.rotates : quirks.hasRefreshToken(code.asked);
    const refreshToken = randomBytes(24).toString('base64url');
    if (hasRefreshToken) refreshTokens.set(refreshToken, code);
    json({
      token_type: 'Bearer',
      expires_in: next.lifetimeSeconds,
      scope: code.scope,
      access_token: await accessToken(next.audience ?? code.asked.get('audience')),
      // A refreshed one has no nonce at most of them.
      id_token: await idToken(refreshes ? null : code.asked.get('nonce')),
      ...(hasRefreshToken ? { refresh_token: refreshToken } : {}),
    });
  }

  return {
    url,
    client,
    asked,
    redeemed,
    next,
    close: async () => {
      server.closeAllConnections();
      await stop();
    },
  };
}

function isRegistered(redirect: string, quirks: IssuerQuirks): boolean {
  if (quirks.portCounts) return redirect === quirks.redirect;
  return redirect.replace(/:\d+(?=\/|$)/, '') === quirks.redirect;
}

/** RFC 7636, section 4.6. */
const isProven = (form: URLSearchParams, asked: URLSearchParams): boolean =>
  asked.get('code_challenge_method') === 'S256' &&
  form.get('redirect_uri') === asked.get('redirect_uri') &&
  createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url') === asked.get('code_challenge');

function newKey(algorithm: IssuerQuirks['algorithm']) {
  const { privateKey, publicKey } = pairFor(algorithm);
  const kid = randomBytes(8).toString('hex');
  return { privateKey, kid, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } };
}

const pairFor = (algorithm: IssuerQuirks['algorithm']) => {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2_048 });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
  }
};
