/** Whoever writes the table gains nothing: rows that were moved, changed or kept open nothing. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { Attributes } from '../../functions/adapters/dynamodb/dynamo-table.ts';
import { grantKey, leaseKey, partitionOf } from '../../functions/adapters/dynamodb/row-keys.ts';
import { sealer } from '../../functions/adapters/dynamodb/seal.ts';
import {
  type SessionStore,
  sessionStore,
} from '../../functions/adapters/dynamodb/session-store.ts';
import { memoryTable } from '../../local/memory-table.ts';
import { aGrant } from '../functions/sessions/build.ts';
import { attempt } from './attempt.ts';

const key = `k:${randomBytes(32).toString('base64url')}`;
const ada = { issuer: 'https://login.example.com', subject: 'ada' };
const mallory = { issuer: 'https://login.example.com', subject: 'mallory' };
let clock: Date;
let table: ReturnType<typeof memoryTable>;
let store: SessionStore;
const fresh = async () => {
  clock = new Date();
  table = memoryTable();
  store = sessionStore({ table, sealer: sealer([key]), now: () => clock });
  const facts = { refreshable: true, obtainedAt: clock };
  const expiresAt = new Date(clock.getTime() + 3_600_000);
  const grants = [
    aGrant({ ...facts, expiresAt, person: ada, serverUid: 'uid-a' }),
    aGrant({
      ...facts,
      expiresAt,
      person: ada,
      serverUid: 'uid-b',
      serverUrl: 'https://b.example',
    }),
    aGrant({ ...facts, expiresAt, person: mallory, serverUid: 'uid-a' }),
  ];
  for (const [index, grant] of grants.entries())
    await store.putGrant(grant, {
      accessToken: `access-${index}`,
      refreshToken: `refresh-${index}`,
    });
};
beforeEach(fresh);

const rowOf = async (person: typeof ada, uid: string): Promise<Attributes> => {
  const row = await table.get(grantKey(person, uid));
  if (row === undefined) throw new Error('There is no such row.');
  return row;
};
const write = (person: typeof ada, uid: string, row: Attributes) =>
  table.put(grantKey(person, uid), row);
const tokensOf = async (person: typeof ada, uid: string) =>
  (await store.getGrant(person, uid))?.tokens;

type Moved = readonly [from: readonly [typeof ada, string], to: readonly [typeof ada, string]];
const moves: readonly Moved[] = [
  [
    [ada, 'uid-a'],
    [mallory, 'uid-a'],
  ],
  [
    [ada, 'uid-a'],
    [mallory, 'uid-b'],
  ],
  [
    [ada, 'uid-a'],
    [ada, 'uid-b'],
  ],
  [
    [ada, 'uid-b'],
    [ada, 'uid-a'],
  ],
  [
    [mallory, 'uid-a'],
    [ada, 'uid-a'],
  ],
  [
    [ada, 'uid-a'],
    [{ ...ada, subject: 'ada ' }, 'uid-a'],
  ],
  [
    [ada, 'uid-a'],
    [{ ...ada, issuer: `${ada.issuer}/` }, 'uid-a'],
  ],
  [
    [ada, 'uid-a'],
    [ada, 'uid-a '],
  ],
];

attempt('a row that was copied to another place gives no tokens', moves, async ([from, to]) => {
  await fresh();
  const { pk: _pk, sk: _sk, ...row } = await rowOf(...from);
  await write(...to, row);
  expect(await tokensOf(...to)).toBeUndefined();
});

attempt('ciphertext that was swapped gives no tokens', moves.slice(0, 5), async ([from, to]) => {
  await fresh();
  const { sealed } = await rowOf(...from);
  const {
    pk: _pk,
    sk: _sk,
    ...row
  } = await table.get(grantKey(...to)).then((found) => found ?? {});
  await write(...to, { ...row, generation: 'x', grant: (await rowOf(...from))['grant'], sealed });
  expect(await tokensOf(...to)).toBeUndefined();
});

/** attacks.md, row 9: what is in the clear says where the tokens go. */
const clear: readonly (readonly [member: string, value: unknown])[] = [
  ['issuer', 'https://evil.example.com'],
  ['clientId', 'evil'],
  ['serverUrl', 'https://evil.example.com/mcp'],
  ['resource', 'https://evil.example.com/mcp'],
  ['kind', 'exchange'],
];

attempt('a grant whose clear half was changed gives no tokens', clear, async ([member, value]) => {
  await fresh();
  const { pk: _pk, sk: _sk, ...row } = await rowOf(ada, 'uid-a');
  const grant = JSON.parse(JSON.stringify(row['grant']));
  await write(ada, 'uid-a', { ...row, grant: { ...grant, [member]: value } });
  expect(await tokensOf(ada, 'uid-a')).toBeUndefined();
});

test('tokens of an older generation do not come back with a newer one', async () => {
  const { pk: _pk, sk: _sk, ...old } = await rowOf(ada, 'uid-a');
  await store.putGrant(aGrant({ person: ada, serverUid: 'uid-a', obtainedAt: clock }), {
    accessToken: 'newer',
  });
  const { generation } = await rowOf(ada, 'uid-a');
  await write(ada, 'uid-a', { ...old, generation });
  expect(await tokensOf(ada, 'uid-a')).toBeUndefined();
});

/** attacks.md, row 1: one row that cannot be read must not lock a person out of all. */
const broken: readonly Attributes[] = [
  { grant: { expiresAt: 'never' }, generation: 'x' },
  { grant: null, generation: 'x' },
  { generation: 'x' },
  { grant: 'text', generation: 'x', expires: 9e15 },
  { grant: { scopes: 1 }, generation: 'x' },
];

attempt('a broken row hides no other, and goes with sign-out', broken, async (row) => {
  await fresh();
  await write(ada, 'uid-0', row);
  const listed = await store.listGrants(ada);
  expect(listed.map(({ serverUid }) => serverUid)).toEqual(
    expect.arrayContaining(['uid-a', 'uid-b']),
  );
  await store.deleteGrant(ada, 'uid-0');
  expect(await table.get(grantKey(ada, 'uid-0'))).toBeUndefined();
});

const identities: readonly (typeof ada)[] = [
  ada,
  { issuer: 'https://login.example.com","ada', subject: '' },
  { issuer: 'https://login.example.com', subject: 'ada"]' },
  { issuer: '', subject: 'https://login.example.com","ada' },
  { issuer: 'https://login.example.com ada', subject: '' },
  { issuer: 'https://login.example.com\n', subject: 'ada' },
  { issuer: 'https://login.example.com', subject: 'ada\u0000' },
  { issuer: 'https://login.example.com', subject: 'Ada' },
  { issuer: 'https://login.example.com', subject: 'a\u0301da' },
  { issuer: 'https://login.example.com', subject: 'áda' },
  { issuer: 'https://LOGIN.example.com', subject: 'ada' },
  { issuer: 'https://login.example.com/', subject: 'ada' },
];

test('no two people share a partition, and no lease is a grant', ({ task }) => {
  task.meta.attacks = identities.length + 5;
  expect(new Set(identities.map(partitionOf)).size).toBe(identities.length);
  const uids = ['a', 'lease a', 'grant a', '', ' '];
  const keys = uids.flatMap((uid) => [grantKey(ada, uid).sk, leaseKey(ada, uid).sk]);
  expect(new Set(keys).size).toBe(keys.length);
});

test('what has expired is gone, also while the table still holds it', async () => {
  const expiresAt = new Date(clock.getTime() + 600_000);
  const request = {
    issuer: 'https://issuer.example.com',
    clientId: 'muster',
    redirectUri: 'x',
    resource: 'https://mcp.example.com/mcp',
    scopes: [],
    verifier: 'v',
  };
  await store.acquireLease(ada, 'uid-a', expiresAt);
  await store.saveClient({
    issuer: request.issuer,
    id: 'muster',
    redirectUri: 'x',
    authentication: 'none',
    expiresAt,
  });
  clock = new Date(clock.getTime() + 365 * 86_400_000);
  expect(await store.listGrants(ada)).toEqual([]);
  expect(await store.getGrant(ada, 'uid-a')).toBeUndefined();
  expect(await store.getClient(request.issuer, 'x')).toBeUndefined();
  expect(await store.acquireLease(ada, 'uid-a', new Date(clock.getTime() + 1_000))).toBeDefined();
  expect(table.rows().length).toBeGreaterThan(3);
});
