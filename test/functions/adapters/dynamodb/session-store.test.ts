/** Somebody writes the table: nothing opens but in the place, and beside the facts, of its seal. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { Attributes, Key } from '../../../../functions/adapters/dynamodb/dynamo-table.ts';
import { sealer } from '../../../../functions/adapters/dynamodb/seal.ts';
import {
  type SessionStore,
  sessionStore,
} from '../../../../functions/adapters/dynamodb/session-store.ts';
import { isRecord } from '../../../../functions/model/json.ts';
import type { Client } from '../../../../functions/sessions/client.ts';
import type { SignIn } from '../../../../functions/sessions/pending-sign-in.ts';
import type { UnreadableRow } from '../../../../functions/sessions/ports.ts';
import { memoryTable } from '../../../../local/memory-table.ts';
import { aGrant, minutes, now } from '../../sessions/build.ts';

const ada = { issuer: 'https://login.example.com', subject: 'ada' };
const grace = { issuer: 'https://login.example.com', subject: 'grace' };
const tokens = { accessToken: 'the-access-token', refreshToken: 'the-refresh-token' };

let table: ReturnType<typeof memoryTable>;
let store: SessionStore;
let reported: UnreadableRow[];
beforeEach(() => {
  table = memoryTable();
  reported = [];
  store = sessionStore({
    table,
    sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
    now: () => now,
    report: (row) => void reported.push(row),
  });
});

/** The row whose sort key begins so, of this person or of anything. */
function rowAt(sk: string, person?: string): Attributes & Key {
  const row = table
    .rows()
    .find((one) => String(one['sk']).startsWith(sk) && String(one['pk']).includes(person ?? ''));
  if (row === undefined) throw new Error(`no row ${sk}`);
  return { ...row, pk: String(row['pk']), sk: String(row['sk']) };
}
const rewrite = async ({ pk, sk, ...row }: Attributes & Key) => table.put({ pk, sk }, row);
const grantIn = ({ grant }: Attributes) => (isRecord(grant) ? grant : {});

test.each<[member: string, value: unknown]>([
  ['issuer', 'https://evil.example'],
  ['serverUrl', 'https://evil.example/mcp'],
  ['serverName', 'default/another'],
  ['clientId', 'another'],
  ['resource', 'https://evil.example/mcp'],
  ['kind', 'exchange'],
  ['headersDigest', 'another'],
  ['scopes', ['mcp', 'admin']],
  ['expiresAt', '2036-01-01T00:00:00.000Z'],
  ['refreshable', true],
  ['lastVerified', '2026-11-22T11:00:00.000Z'],
])('changing %s in the plain half of a grant loses its tokens', async (member, value) => {
  await store.putGrant(aGrant(), tokens);
  const row = rowAt('grant ');
  await rewrite({ ...row, grant: { ...grantIn(row), [member]: value } });
  expect((await store.getGrant(ada, 'uid-a'))?.tokens).toBeUndefined();
  expect(reported).toEqual([
    { kind: 'grant', person: ada, serverUid: 'uid-a', reason: 'notOpened' },
  ]);
});

test('so does changing its generation, and taking the refusal away', async () => {
  await store.putGrant(aGrant(), tokens);
  const row = rowAt('grant ');
  await rewrite({ ...row, generation: 'another' });
  expect((await store.getGrant(ada, 'uid-a'))?.tokens).toBeUndefined();
  await store.putGrant(
    aGrant({ refused: { at: minutes(-1), by: 'issuer', message: 'ended' } }),
    tokens,
  );
  const refused = rowAt('grant ');
  const { refused: _refused, ...rest } = grantIn(refused);
  await rewrite({ ...refused, grant: rest });
  expect((await store.getGrant(ada, 'uid-a'))?.tokens).toBeUndefined();
});

test('members that nobody reads, and their order, change nothing', async () => {
  await store.putGrant(aGrant(), tokens);
  const row = rowAt('grant ');
  const reversed = Object.fromEntries(Object.entries(grantIn(row)).toReversed());
  await rewrite({ ...row, grant: { ...reversed, more: 'x' } });
  expect((await store.getGrant(ada, 'uid-a'))?.tokens).toEqual(tokens);
});

test('sealed halves that were swapped between servers or persons do not open', async () => {
  await store.putGrant(aGrant({ serverUid: 'uid-a' }), tokens);
  await store.putGrant(aGrant({ serverUid: 'uid-b' }), { accessToken: 'of-b' });
  await store.putGrant(aGrant({ serverUid: 'uid-a', person: grace }), { accessToken: 'of-grace' });
  const [a, b, other] = [
    rowAt('grant uid-a', 'ada'),
    rowAt('grant uid-b'),
    rowAt('grant', 'grace'),
  ];
  await rewrite({ ...a, sealed: b['sealed'] });
  await rewrite({ ...b, sealed: other['sealed'] });
  await rewrite({ ...other, sealed: a['sealed'] });
  expect((await store.getGrant(ada, 'uid-a'))?.tokens).toBeUndefined();
  expect((await store.getGrant(ada, 'uid-b'))?.tokens).toBeUndefined();
  expect((await store.getGrant(grace, 'uid-a'))?.tokens).toBeUndefined();
});

test('whole rows that were copied to another server or person do not open', async () => {
  await store.putGrant(aGrant({ serverUid: 'uid-a' }), tokens);
  const row = rowAt('grant uid-a');
  await rewrite({ ...row, sk: 'grant uid-b' });
  await rewrite({ ...row, pk: `person ${JSON.stringify([grace.issuer, grace.subject])}` });
  expect((await store.getGrant(ada, 'uid-b'))?.tokens).toBeUndefined();
  expect((await store.getGrant(grace, 'uid-a'))?.tokens).toBeUndefined();
  expect((await store.getGrant(ada, 'uid-a'))?.tokens).toEqual(tokens);
});

test('the seal of an older generation does not open beside a newer one', async () => {
  await store.putGrant(aGrant(), tokens);
  const { sealed } = rowAt('grant ');
  await store.putGrant(aGrant(), { accessToken: 'newer' });
  await rewrite({ ...rowAt('grant '), sealed });
  expect((await store.getGrant(ada, 'uid-a'))?.tokens).toBeUndefined();
});

test('a grant that could not be read again is not written', async () => {
  await expect(store.putGrant(aGrant({ expiresAt: new Date(Number.NaN) }), tokens)).rejects.toThrow(
    /expiresAt/,
  );
  expect(table.rows()).toEqual([]);
});

const signIn: SignIn = {
  starter: ada,
  starterName: 'ada',
  serverUid: 'uid-a',
  serverName: 'default/server-a',
  serverUrl: 'https://mcp.example.com/mcp',
  headersDigest: '',
  request: {
    issuer: 'https://issuer.example.com',
    clientId: 'muster',
    redirectUri: 'https://muster.example.com/cb',
    resource: 'https://mcp.example.com/mcp',
    scopes: [],
    verifier: 'v',
    isNamed: false,
  },
  expiresAt: minutes(10),
};

test('a sign-in opens under its own state only', async () => {
  await store.saveSignIn('state-1', signIn);
  const { sealed } = rowAt('signin');
  await store.saveSignIn('state-2', { ...signIn, serverUid: 'uid-b' });
  const second = table.rows().find((row) => row['sealed'] !== sealed && row['sk'] === 'signin');
  await rewrite({ ...second, pk: String(second?.['pk']), sk: 'signin', sealed });
  expect(await store.consumeSignIn('state-2')).toBeUndefined();
  expect(reported).toEqual([{ kind: 'signIn', reason: 'notOpened' }]);
});

test('a parked code opens for its own starter only, whoever the row names', async () => {
  await store.savePendingCode('secret-1', { signIn, answer: { code: 'c' } });
  const row = rowAt('parked');
  const starter = JSON.stringify([grace.issuer, grace.subject, 'uid-a']);
  await rewrite({ ...row, starter });
  expect(await store.consumePendingCode('secret-1', grace, 'uid-a')).toBeUndefined();
  expect(reported).toEqual([{ kind: 'pendingCode', reason: 'notOpened' }]);
});

test('a sign-in does not pass for a parked code, nor a registration for either', async () => {
  const client: Client = {
    issuer: 'https://issuer.example.com',
    id: 'muster',
    redirectUri: 'https://muster.example.com/cb',
    authentication: 'none',
  };
  await store.saveClient(client);
  await store.saveSignIn('state-1', signIn);
  await store.savePendingCode('secret-1', { signIn, answer: { code: 'c' } });
  const [parked, started, byId] = [rowAt('parked'), rowAt('signin'), rowAt('id ')];
  await rewrite({ ...started, sealed: parked['sealed'] });
  await rewrite({ ...parked, sealed: byId['sealed'] });
  await rewrite({ ...byId, sealed: started['sealed'] });
  expect(await store.consumeSignIn('state-1')).toBeUndefined();
  expect(await store.consumePendingCode('secret-1', ada, 'uid-a')).toBeUndefined();
  expect(await store.getClientById(client.issuer, client.id)).toBeUndefined();
});

test('a registration opens for its own issuer, callback and id only', async () => {
  const client = (facts: Partial<Client>): Client => ({
    issuer: 'https://issuer.example.com',
    id: 'muster',
    redirectUri: 'https://muster.example.com/cb',
    authentication: 'client_secret_post',
    secret: 's',
    ...facts,
  });
  await store.saveClient(client({}));
  await store.saveClient(client({ issuer: 'https://evil.example', id: 'theirs' }));
  const rows = table.rows().filter(({ pk }) => String(pk) === 'client https://issuer.example.com');
  // Our secret for one issuer would be sent to the other.
  for (const row of rows)
    await rewrite({ ...row, pk: 'client https://evil.example', sk: String(row['sk']) });
  expect(await store.getClient('https://evil.example', client({}).redirectUri)).toBeUndefined();
  expect(await store.getClientById('https://evil.example', 'muster')).toBeUndefined();
  expect(await store.getClientById('https://evil.example', 'theirs')).toBeDefined();
  await rewrite({ ...rowAt('callback '), sk: 'callback https://other.example.com/cb' });
  expect(
    await store.getClient('https://issuer.example.com', 'https://other.example.com/cb'),
  ).toBeUndefined();
});
