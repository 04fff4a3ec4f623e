/** Who we are at an issuer, and what happens where it does not know us any more. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OAuthOptions } from '../../../../functions/adapters/oauth/oauth-client.ts';
import {
  goodTokens,
  type Said,
  type ScriptedIssuer,
  startScriptedIssuer,
} from '../../../world/scripted-issuer.ts';

let issuer: ScriptedIssuer;
beforeEach(async () => {
  issuer = await startScriptedIssuer();
});
afterEach(() => issuer.close());

const registrations = () =>
  issuer.got.filter(({ path }) => path === '/register').map(({ sent }) => sent);
const later = (minutes: number) => {
  issuer.clock.now = new Date(issuer.clock.now.getTime() + minutes * 60_000);
};

async function start(
  more: Partial<OAuthOptions> = {},
  scopes: readonly string[] = [],
  newClient = false,
) {
  const started = await issuer.oauth(more).authorize(issuer.server, 'state', { scopes, newClient });
  if (started.kind !== 'authorized') throw new Error(started.message);
  await issuer.store.markStarted(issuer.url, issuer.clock.now);
  return started;
}

async function refusedStart(): Promise<string> {
  const started = await issuer.oauth().authorize(issuer.server, 'state');
  if (started.kind !== 'refused') throw new Error(started.kind);
  return started.message;
}

test('a registration asks for what a sign-in needs', async () => {
  issuer.script.metadata = { scopes_supported: ['mcp', 'offline_access'] };
  await start();
  expect(registrations()).toEqual([
    expect.objectContaining({
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'mcp offline_access',
    }),
  ]);
});

test('an issuer that refuses the scopes of a registration is asked again without', async () => {
  issuer.script.register = ({ scope }) =>
    scope === undefined
      ? { status: 201, body: { client_id: 'without' } }
      : { status: 400, body: { error: 'invalid_client_metadata' } };
  expect((await start()).request.clientId).toBe('without');
  expect((await start({}, ['admin'])).request.clientId).toBe('without');
  expect(registrations()).toHaveLength(2);
});

test('a sign-in with further scopes registers again, for all of them', async () => {
  await start();
  const { request } = await start({}, ['admin']);
  expect(request.clientId).toBe('client-2');
  expect(registrations().map(({ scope }) => scope)).toEqual(['mcp', 'mcp admin']);
  expect((await start()).request.clientId).toBe('client-2');
});

// open-metadata/OpenMetadata#30642, GluuFederation/oxAuth#1780.
test.each<[string, Said]>([
  ['200', { status: 200, body: { client_id: 'lenient' } }],
  ['nulls', { status: 201, body: { client_id: 'lenient', client_secret: null, scope: null } }],
])('a registration answered with %s is one', async (_sentence, said) => {
  issuer.script.register = () => said;
  expect((await start()).request.clientId).toBe('lenient');
});

test('a secret that ends while the browser is away is not used', async () => {
  issuer.script.metadata = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
  let count = 0;
  issuer.script.register = () => ({
    status: 201,
    body: {
      client_id: `short-${String((count += 1))}`,
      client_secret: 'a-secret',
      client_secret_expires_at: issuer.clock.now.getTime() / 1000 + 20 * 60,
    },
  });
  expect((await start()).request.clientId).toBe('short-1');
  await issuer.store.markAnswered(issuer.url);
  later(5);
  expect((await start()).request.clientId).toBe('short-1');
  await issuer.store.markAnswered(issuer.url);
  later(6);
  expect((await start()).request.clientId).toBe('short-2');
});

// microsoft/vscode#257415, mcp-hub#145: GitHub, Google, Entra ID, Slack, HubSpot.
test('where no client registers itself, the callback and the setting are ready to paste', async () => {
  issuer.script.metadata = { registration_endpoint: null };
  expect(await refusedStart()).toMatch(
    new RegExp(
      `^The issuer ${issuer.host} does not let clients register themselves\\. The owner of muster can register a client there with the callback URL https://muster\\.example\\.com/v1/oauth/callback/[\\w-]{43} and add it to OAUTH_CLIENTS: \\{"issuer":"${issuer.url}","id":"\\.\\.\\.","secret":"\\.\\.\\."\\}\\.$`,
    ),
  );
});

// contextstream/mcp-server#57.
test('a registration that is refused says who refused it, with which words, and what to do', async () => {
  issuer.script.register = () => ({
    status: 400,
    body: { error: 'invalid_redirect_uri', error_description: 'Only app.example.com is allowed' },
  });
  const message = await refusedStart();
  expect(message).toContain(
    `The issuer ${issuer.host} refused to register muster as a client: invalid_redirect_uri, HTTP 400. It says: Only app.example.com is allowed. The owner of muster can register a client there with the callback URL https://muster.example.com/v1/oauth/callback/`,
  );
  expect(message).toContain(`OAUTH_CLIENTS: {"issuer":"${issuer.url}"`);
});

// A real Keycloak 26.7.3, dnotitia/akb#635.
test('the trusted hosts of a Keycloak are named', async () => {
  issuer.script.register = () => ({
    status: 403,
    body: {
      error: 'insufficient_scope',
      error_description:
        "Policy 'Trusted Hosts' rejected request to client-registration service. Details: Host not trusted.",
    },
  });
  const message = await refusedStart();
  expect(message).toContain('HTTP 403');
  expect(message).toMatch(/policy "Trusted Hosts": add the host muster\.example\.com and turn off/);
});

test('a registration that fails with 503 is not tried again at once', async () => {
  issuer.script.register = () => ({ status: 503, body: '' });
  expect(await refusedStart()).toContain('HTTP 503');
  expect(registrations()).toHaveLength(1);
});

// claude-code#4760 #79505 #84614, hermes-agent#36767, mcp-remote#36.
test('an issuer that no browser came back from gets a new registration, and old grants keep theirs', async () => {
  const old = await start();
  later(60);
  const next = await start();
  expect([old.request.clientId, next.request.clientId]).toEqual(['client-1', 'client-2']);
  expect(await issuer.oauth().exchange(old.request, { code: 'late' })).toMatchObject({
    kind: 'exchanged',
  });
});

test.each([
  ['while the browser may still come back', 9, false],
  ['after a browser came back', 90, true],
  ['within an hour of the last registration', 59, false],
])('nothing is registered again %s', async (_sentence, minutes, isAnswered) => {
  await start();
  if (isAnswered) await issuer.store.markAnswered(issuer.url);
  later(minutes);
  await start();
  expect(registrations()).toHaveLength(1);
});

test('whoever starts sign-ins and drops them makes us register once an hour at most', async () => {
  for (let start_ = 0; start_ < 60; start_ += 1) {
    await start();
    later(5);
  }
  expect(registrations().length).toBeLessThanOrEqual(5);
});

test('a sign-in that wants another client gets one, however young the last one is', async () => {
  await start();
  await start();
  expect(registrations()).toHaveLength(1);
  await start({}, [], true);
  expect(registrations()).toHaveLength(2);
});

test('twenty sign-ins at a time after one that never came back register once', async () => {
  await start();
  later(61);
  await Promise.all(Array.from({ length: 20 }, () => start()));
  expect(registrations()).toHaveLength(2);
});

test('a registration that cannot be replaced stays in use', async () => {
  await start();
  later(61);
  issuer.script.register = () => ({ status: 403, body: { error: 'access_denied' } });
  expect((await start()).request.clientId).toBe('client-1');
});

const documents = {
  client_id_metadata_document_supported: true,
  authorization_response_iss_parameter_supported: true,
};
const document = 'https://muster.example.com/.well-known/oauth-client';

test.each<[sentence: string, metadata: object, isUsed: boolean]>([
  ['that lists none', {}, true],
  // The draft rules out shared secrets for documents.
  ['without a list of methods', { token_endpoint_auth_methods_supported: null }, true],
  // opencode#47743.
  [
    'that lists only secrets',
    { token_endpoint_auth_methods_supported: ['client_secret_basic'] },
    false,
  ],
  [
    'that does not name itself (RFC 9207)',
    { authorization_response_iss_parameter_supported: false },
    false,
  ],
])('our document at an issuer %s', async (_sentence, metadata, isUsed) => {
  issuer.script.metadata = { ...documents, ...metadata };
  issuer.script.register = () => ({
    status: 201,
    body: { client_id: 'registered', client_secret: 'a-secret', client_secret_expires_at: 0 },
  });
  expect((await start()).request.clientId).toBe(isUsed ? document : 'registered');
});

test('an issuer that refuses our document gets a registration the next time', async () => {
  issuer.script.metadata = documents;
  issuer.script.token = () => ({ status: 401, body: { error: 'invalid_client' } });
  const { request } = await start();
  await issuer.oauth().exchange(request, { code: 'c', iss: issuer.url });
  issuer.script.token = () => goodTokens;
  expect((await start()).request.clientId).toBe('client-1');
});

test('so does one that shows our document an error page', async () => {
  issuer.script.metadata = documents;
  await start();
  later(11);
  expect((await start()).request.clientId).toBe('client-1');
});

test('where a registration is refused as well, the document is used', async () => {
  issuer.script.metadata = documents;
  issuer.script.register = () => ({ status: 403, body: { error: 'access_denied' } });
  await start();
  later(11);
  expect((await start()).request.clientId).toBe(document);
});

test("the owner's rules for an issuer are in the address that the browser opens", async () => {
  issuer.script.metadata = { scopes_supported: ['openid', 'offline_access'] };
  const rule = {
    parameters: { access_type: 'offline', audience: 'https://api.example.com' },
    scopes: ['openid'],
    noResource: true,
  };
  const { authorizationUrl } = await start({ issuerRules: () => rule });
  expect(Object.fromEntries(authorizationUrl.searchParams)).toMatchObject({
    access_type: 'offline',
    audience: 'https://api.example.com',
    scope: 'mcp openid offline_access',
    prompt: 'consent',
  });
  expect(authorizationUrl.searchParams.has('resource')).toBe(false);
});

test.each([
  ['prompt', { prompt: 'login' }, 'login'],
  ['nothing', {}, 'consent'],
])('the owner who sets %s decides about the prompt', async (_sentence, parameters, prompt) => {
  issuer.script.metadata = { scopes_supported: ['offline_access'] };
  const { authorizationUrl } = await start({
    issuerRules: () => ({ parameters, scopes: ['openid'] }),
  });
  expect(authorizationUrl.searchParams.get('prompt')).toBe(prompt);
});

// SEP-2207, oh-my-pi#9909, medplum#9183.
test.each([
  ['lists it', ['mcp', 'offline_access'], 'mcp offline_access'],
  ['does not list it', ['mcp'], 'mcp'],
])('offline_access is asked for where the issuer %s', async (_sentence, listed, scope) => {
  issuer.script.metadata = { scopes_supported: listed };
  const { authorizationUrl } = await start();
  expect(authorizationUrl.searchParams.get('scope')).toBe(scope);
  expect(authorizationUrl.searchParams.has('prompt')).toBe(false);
});
