/** The request of a token exchange, and what issuers answer to it. */
import { UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { tokenExchanger } from '../../../../functions/adapters/oauth/token-exchange.ts';
import type { ExchangeRule } from '../../../../functions/model/issuer-rules.ts';
import { anAuth, aServer } from '../../../world/server.ts';
import type { Said } from '../../../world/scripted-issuer.ts';

const issuer = 'https://issuer.example.com';
const tokenOf = (iss: string) => new UnsecuredJWT({}).setIssuer(iss).encode();
const good: Said = { body: { access_token: tokenOf(issuer), token_type: 'bearer' } };

/** Exchanges a token at an issuer that says this. */
async function exchange(said: Said = good, rule: ExchangeRule = {}) {
  const sent: URLSearchParams[] = [];
  const exchangeToken = tokenExchanger({
    fetch: async (_url, init) => {
      sent.push(new URLSearchParams(init?.body?.toString()));
      return Response.json(said.body, { status: said.status ?? 200 });
    },
    now: () => new Date('2026-11-26T12:00:00Z'),
    issuerRules: (name) => (name === issuer ? { exchange: rule } : {}),
    readCredentials: async () => undefined,
  });
  const server = aServer({
    url: 'https://mcp.example.com/mcp',
    auth: anAuth({
      requiredAudiences: ['server-a', 'server-b'],
      tokenExchange: {
        enabled: true,
        dexTokenEndpoint: `${issuer}/token`,
        connectorId: 'muster',
        scopes: 'openid',
      },
    }),
  });
  const result = await exchangeToken(server, 'the-token-of-the-person');
  return { result, form: sent[0] ?? new URLSearchParams() };
}

// giantswarm/muster beside a real Dex: upstream connects on the same object.
test('at a Dex the audiences that a server requires are scopes', async () => {
  const { form, result } = await exchange();
  expect(result.kind).toBe('exchanged');
  expect(form.get('scope')).toBe(
    'openid audience:server:client_id:server-a audience:server:client_id:server-b',
  );
  expect(form.has('audience')).toBe(false);
  expect(form.get('connector_id')).toBe('muster');
  expect(form.get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:id_token');
});

// Keycloak 26, "Standard token exchange": audience, an access token, and no connector.
test('a rule of the owner makes it the exchange that Keycloak wants', async () => {
  const { form } = await exchange(good, {
    audience: 'parameter',
    subjectTokenType: 'access_token',
    noConnector: true,
  });
  expect(form.getAll('audience')).toEqual(['server-a', 'server-b']);
  expect(form.get('scope')).toBe('openid');
  expect(form.has('connector_id')).toBe(false);
  expect(form.get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:access_token');
});

const refused = (error: string, error_description?: string, status = 400): Said => ({
  status,
  body: { error, error_description },
});

test.each<[sentence: string, said: Said, kind: string, message: string]>([
  [
    'in its own words',
    refused('invalid_request', 'Requested connector does not exist.'),
    'refused',
    'issuer.example.com refused the token exchange: invalid_request, HTTP 400. It says: Requested connector does not exist.',
  ],
  [
    'under 200',
    refused('access_denied', undefined, 200),
    'refused',
    'issuer.example.com refused the token exchange: access_denied, HTTP 400.',
  ],
  [
    'with a piece of the token in its words',
    refused('invalid_request', 'not good: of-the-person'),
    'refused',
    'issuer.example.com refused the token exchange: invalid_request, HTTP 400.',
  ],
  [
    'for a moment',
    refused('temporarily_unavailable'),
    'unavailable',
    'issuer.example.com answered HTTP 400 to the token exchange.',
  ],
  [
    'because it is busy',
    { status: 429, body: {} },
    'unavailable',
    'issuer.example.com answered HTTP 429 to the token exchange.',
  ],
  [
    'with a token of another issuer',
    { body: { access_token: tokenOf('https://other.example.com') } },
    'refused',
    'issuer.example.com gave a token that names https://other.example.com as its issuer, not https://issuer.example.com (spec.auth.tokenExchange).',
  ],
  [
    'with a token that names the token of the person',
    { body: { access_token: tokenOf('x-the-token-of-the-person') } },
    'refused',
    'issuer.example.com gave a token that names another issuer as its issuer, not https://issuer.example.com (spec.auth.tokenExchange).',
  ],
])('an issuer that refuses %s', async (_sentence, said, kind, message) => {
  expect((await exchange(said)).result).toEqual({ kind, message });
});

test('an issuer that leaves out what has only one meaning is understood', async () => {
  const { result } = await exchange({ body: { access_token: tokenOf(`${issuer}/`) } });
  expect(result).toMatchObject({ kind: 'exchanged' });
});
