import { randomBytes } from 'node:crypto';
import { DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type SessionStore, sessionStore } from '../../../functions/adapters/dynamodb.ts';
import { sealer } from '../../../functions/adapters/seal.ts';
import type { Client } from '../../../functions/sessions/client.ts';
import type { ParkedCode, SignIn } from '../../../functions/sessions/signin.ts';
import { type Store, startStore } from '../../../local/store.ts';
import { aGrant, minutes, now } from '../sessions/build.ts';

const ada = { issuer: 'https://login.example.com', subject: 'ada' };
const grace = { issuer: 'https://login.example.com', subject: 'grace' };
const tokens = { accessToken: 'the-access-token', refreshToken: 'the-refresh-token' };
const seals = sealer([`k1:${randomBytes(32).toString('base64url')}`]);

let local: Store;
let client: DynamoDBDocumentClient;
let store: SessionStore;
let clock: Date;

beforeAll(async () => {
  local = await startStore();
});
afterAll(() => local.close());
beforeEach(() => {
  clock = now;
  client = DynamoDBDocumentClient.from(local.client);
  store = sessionStore({ client, table: local.table, sealer: seals, now: () => clock });
});

const aSignIn = (facts: Partial<SignIn> = {}): SignIn => ({
  starter: ada,
  starterName: 'ada@example.com',
  serverUid: 'uid-a',
  serverName: 'default/server-a',
  serverUrl: 'https://mcp.example.com/mcp',
  request: {
    issuer: 'https://issuer.example.com',
    clientId: 'muster',
    redirectUri: 'https://muster.example.com/v1/oauth/callback',
    resource: 'https://mcp.example.com/mcp',
    scopes: ['mcp'],
    verifier: 'the-verifier',
  },
  expiresAt: minutes(10),
  ...facts,
});
const parked = (facts: Partial<SignIn> = {}): ParkedCode => ({
  signIn: aSignIn(facts),
  answer: { code: 'the-code', iss: 'https://issuer.example.com' },
});

const dump = async () => (await client.send(new ScanCommand({ TableName: local.table }))).Items ?? [];

test('grants come back as they were kept, per person', async () => {
  const full = aGrant({ refused: { at: minutes(-1), reason: 'gone' }, lastVerified: minutes(-2), serverUid: 'uid-full' });
  const { expiresAt: _expiresAt, ...endless } = aGrant({ serverUid: 'uid-endless' });
  await store.keepGrant(full, tokens);
  await store.keepGrant(endless, tokens);
  await store.keepGrant(aGrant({ person: grace, serverUid: 'uid-grace' }), tokens);
  expect(await store.grantsOf(ada)).toEqual([endless, full]);
  expect((await store.grantsOf(grace)).map(({ serverUid }) => serverUid)).toEqual(['uid-grace']);
});

test('a new sign-in replaces the old grant', async () => {
  await store.keepGrant(aGrant({ serverUid: 'uid-twice', scopes: ['old'] }), tokens);
  await store.keepGrant(aGrant({ serverUid: 'uid-twice', scopes: ['new'] }), tokens);
  expect((await store.grantsOf(ada)).filter(({ serverUid }) => serverUid === 'uid-twice').map(({ scopes }) => scopes)).toEqual([['new']]);
});

test('taking a grant removes it and gives its tokens, once', async () => {
  await store.keepGrant(aGrant({ serverUid: 'uid-take' }), tokens);
  expect(await store.takeGrant(ada, 'uid-take')).toEqual({ grant: aGrant({ serverUid: 'uid-take' }), tokens });
  expect(await store.takeGrant(ada, 'uid-take')).toBeUndefined();
});

test("a row copied into another person's partition does not open", async () => {
  await store.keepGrant(aGrant({ serverUid: 'uid-copy' }), tokens);
  const row = (await dump()).find(({ sk }) => sk === 'grant uid-copy');
  const pk = `person ${JSON.stringify([grace.issuer, grace.subject])}`;
  await client.send(new PutCommand({ TableName: local.table, Item: { ...row, pk } }));
  expect((await store.takeGrant(grace, 'uid-copy'))?.tokens).toBeUndefined();
  expect((await store.takeGrant(ada, 'uid-copy'))?.tokens).toEqual(tokens);
});

test('a row copied to another server does not open', async () => {
  await store.keepGrant(aGrant({ serverUid: 'uid-cheap' }), tokens);
  const row = (await dump()).find(({ sk }) => sk === 'grant uid-cheap');
  await client.send(new PutCommand({ TableName: local.table, Item: { ...row, sk: 'grant uid-dear' } }));
  expect((await store.takeGrant(ada, 'uid-dear'))?.tokens).toBeUndefined();
});

test('what DynamoDB has not cleaned up yet is over all the same', async () => {
  await store.keepGrant(aGrant({ serverUid: 'uid-late' }), tokens);
  await store.keepSignIn('late-state', aSignIn());
  await store.parkCode('late-secret', parked());
  clock = new Date(now.getTime() + 40 * 86_400_000);
  expect((await store.grantsOf(ada)).map(({ serverUid }) => serverUid)).not.toContain('uid-late');
  expect(await store.takeGrant(ada, 'uid-late')).toBeUndefined();
  expect(await store.takeSignIn('late-state')).toBeUndefined();
  expect(await store.takeParkedCode('late-secret', ada, 'uid-a')).toBeUndefined();
});

test('a sign-in is taken once, even by twenty at the same time', async () => {
  await store.keepSignIn('state-1', aSignIn({ returnTo: 'http://127.0.0.1:9/done' }));
  const taken = await Promise.all(Array.from({ length: 20 }, () => store.takeSignIn('state-1')));
  expect(taken.filter((signIn) => signIn !== undefined)).toEqual([aSignIn({ returnTo: 'http://127.0.0.1:9/done' })]);
});

test('a parked code waits for its starter and its server, and is taken once', async () => {
  await store.parkCode('secret-1', parked());
  expect(await store.takeParkedCode('secret-1', grace, 'uid-a')).toBeUndefined();
  expect(await store.takeParkedCode('secret-1', ada, 'uid-b')).toBeUndefined();
  const taken = await Promise.all(Array.from({ length: 20 }, () => store.takeParkedCode('secret-1', ada, 'uid-a')));
  expect(taken.filter((code) => code !== undefined)).toEqual([parked()]);
});

test('a client is kept once for each issuer and callback', async () => {
  const registered = (id: string): Client => ({
    issuer: 'https://issuer.example.com',
    id,
    redirectUri: 'https://muster.example.com/v1/oauth/callback',
    authentication: 'client_secret_basic',
    secret: 'the-client-secret',
    expiresAt: minutes(60),
  });
  expect(await store.keepClient(registered('first'))).toEqual(registered('first'));
  expect(await store.keepClient(registered('second'))).toEqual(registered('first'));
  expect(await store.clientOf('https://issuer.example.com', registered('').redirectUri)).toEqual(registered('first'));
  expect(await store.clientOf('https://issuer.example.com', 'https://elsewhere.example.com')).toBeUndefined();
  await store.forgetClient(registered('second'));
  expect(await store.clientOf('https://issuer.example.com', registered('').redirectUri)).toBeDefined();
  clock = minutes(61);
  expect(await store.clientOf('https://issuer.example.com', registered('').redirectUri)).toBeUndefined();
  expect(await store.keepClient(registered('third'))).toEqual(registered('third'));
  await store.forgetClient(registered('third'));
  clock = now;
  expect(await store.clientOf('https://issuer.example.com', registered('').redirectUri)).toBeUndefined();
});

test('a dump of the table shows no token, verifier, code, state or secret', async () => {
  await store.keepGrant(aGrant({ serverUid: 'uid-dump' }), tokens);
  await store.keepSignIn('the-state', aSignIn());
  await store.parkCode('the-secret', parked());
  const text = JSON.stringify(await dump());
  expect(text).toContain('uid-dump');
  expect(text).not.toMatch(/the-(access|refresh|verifier|code|state|secret|client-secret)/);
});
