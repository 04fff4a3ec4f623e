/** Servers and issuers that answer with JSON of any type: a refusal in our words, never a throw. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { oauthClient } from '../../../../functions/adapters/oauth/oauth-client.ts';
import { tokenExchanger } from '../../../../functions/adapters/oauth/token-exchange.ts';
import { sealer } from '../../../../functions/adapters/dynamodb/seal.ts';
import { sessionStore } from '../../../../functions/adapters/dynamodb/session-store.ts';
import { memoryTable } from '../../../../local/memory-table.ts';
import { anAuth, aServer, connected } from '../../../world/server.ts';
import { aGrant } from '../../sessions/build.ts';

const issuer = 'https://issuer.example.com';
const url = 'https://mcp.example.com/mcp';

type Answers = {
  readonly resource?: unknown;
  readonly metadata?: unknown;
  readonly registration?: unknown;
  readonly token?: unknown;
};

const good = {
  resource: { resource: url, authorization_servers: [issuer], scopes_supported: ['mcp'] },
  metadata: {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: false,
    client_id_metadata_document_supported: false,
  },
  registration: {
    client_id: 'muster',
    client_secret: 'a-secret-of-the-test',
    client_secret_expires_at: 0,
    token_endpoint_auth_method: 'none',
  },
  token: {
    access_token: 'an-access-token-of-the-test',
    token_type: 'Bearer',
    expires_in: 3600,
    scope: 'mcp',
    refresh_token: 'a-refresh-token-of-the-test',
  },
};

function party(answers: Answers, status = 200) {
  const said = { ...good, ...answers };
  const bodyAt = (path: string): unknown => {
    if (path.startsWith('/.well-known/oauth-protected-resource')) return said.resource;
    if (path.startsWith('/.well-known/')) return said.metadata;
    if (path === '/register') return said.registration;
    if (path === '/token') return said.token;
    return {};
  };
  const fetch = async (address: string): Promise<Response> => {
    const { pathname } = new URL(address);
    const code = pathname === '/register' ? 201 : pathname === '/token' ? status : 200;
    return new Response(JSON.stringify(bodyAt(pathname)) ?? '', {
      status: code,
      headers: { 'content-type': 'application/json' },
    });
  };
  const now = () => new Date('2026-11-26T12:00:00Z');
  const store = sessionStore({
    table: memoryTable(),
    sealer: sealer([`k:${Buffer.alloc(32, 1).toString('base64url')}`]),
    now,
  });
  const oauth = oauthClient({
    fetch,
    readChallenge: async () => ({}),
    publicUrl: 'https://muster.example.com',
    allowInsecure: false,
    now,
    clients: store,
  });
  return { oauth, fetch, now };
}

const server = aServer({ url, status: connected('True') });
const request = {
  issuer,
  clientId: 'muster',
  redirectUri: 'https://muster.example.com/v1/oauth/callback',
  resource: url,
  scopes: ['mcp'],
  verifier: 'a'.repeat(43),
  isNamed: false,
};

/** All ends of a sign-in at this party. A throw would be a 500. */
async function ends(answers: Answers, status?: number): Promise<readonly string[]> {
  const { oauth, fetch, now } = party(answers, status);
  const authorized = await oauth.authorize(server, 'state');
  const exchanged = await oauth.exchange(request, { code: 'code' });
  const grant = aGrant({ issuer, clientId: 'muster', resource: url });
  const refreshed = await oauth.refresh(grant, { accessToken: 'a', refreshToken: 'r' });
  await oauth.revoke(grant, { accessToken: 'a' });
  const tokenExchange = { enabled: true, connectorId: 'c', scopes: 'openid' };
  const changed = await tokenExchanger({ fetch, now, readCredentials: async () => undefined })(
    aServer({
      url,
      auth: anAuth({ tokenExchange: { ...tokenExchange, dexTokenEndpoint: `${issuer}/token` } }),
    }),
    'a-token',
  );
  return [authorized, exchanged, refreshed, changed].map(({ kind }) => kind);
}

test('a party that answers as the specifications say gets a sign-in', async () => {
  expect(await ends({})).toEqual(['authorized', 'exchanged', 'refreshed', 'refused']);
});

const odd: readonly unknown[] = [
  null,
  7,
  -1,
  1e308,
  true,
  '',
  ' ',
  'S256',
  'x'.repeat(70_000),
  'https://',
  '\u0000\u202E',
  [],
  [null],
  [7],
  [[]],
  [{}],
  {},
  { includes: 7 },
  { length: 1, 0: 'S256' },
];

const members = Object.entries(good).flatMap(([document, fields]) =>
  Object.keys(fields).map((field) => [document, field] as const),
);

test.each(members)('whatever type %s.%s has, the sign-in ends in our own words', async (...at) => {
  const [document, field] = at;
  const whole = good[document as keyof typeof good];
  for (const value of odd)
    expect(await ends({ [document]: { ...whole, [field]: value } })).toHaveLength(4);
});

test.each(Object.keys(good))('nor does it matter what the whole of %s is', async (document) => {
  for (const value of [...odd, undefined])
    for (const status of [200, 400, 401, 500])
      expect(await ends({ [document]: value }, status)).toHaveLength(4);
});

test('any JSON at any place is an answer that we have a sentence for', async () => {
  const anything = fc.dictionary(
    fc.constantFrom(...members.map(([, field]) => field), 'error', 'error_description', 'iss'),
    fc.jsonValue(),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(good)),
      anything,
      fc.boolean(),
      async (document, body, isWhole) => {
        const whole = isWhole ? {} : good[document as keyof typeof good];
        expect(await ends({ [document]: { ...whole, ...body } })).toHaveLength(4);
      },
    ),
    { numRuns: 300 },
  );
});
