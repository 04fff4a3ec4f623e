import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import type { Table } from '../../../functions/adapters/dynamodb/dynamo-table.ts';
import { sessionStore } from '../../../functions/adapters/dynamodb/session-store.ts';
import type { Grant } from '../../../functions/sessions/grant.ts';
import {
  usableTokens,
  type RefreshResult,
  type RefreshPorts,
  type WantedTokens,
} from '../../../functions/sessions/refresh.ts';
import { memoryTable } from '../../../local/memory-table.ts';
import { aGrant, minutes, now } from './build.ts';

const { person, serverUid } = aGrant();
const old = { accessToken: 'access-1', refreshToken: 'refresh-1' };
const newer: RefreshResult = {
  kind: 'refreshed',
  tokens: { accessToken: 'access-2', refreshToken: 'refresh-2' },
  scopes: ['mcp'],
  expiresAt: minutes(60),
};

const invalidGrant: RefreshResult = {
  kind: 'failed',
  failure: {
    kind: 'refused',
    status: 400,
    code: 'invalid_grant',
    isPage: false,
    client: 'registered',
  },
  message: 'The issuer refused: invalid_grant.',
};
const isDown: RefreshResult = {
  kind: 'failed',
  failure: { kind: 'noAnswer' },
  message: 'issuer.example.com is down.',
};

/** A store with one grant that is due, and an issuer that says what the test wants. */
async function world({
  grant = { expiresAt: minutes(-1), refreshable: true },
  refresh = async () => newer,
  table = memoryTable(),
}: {
  grant?: Partial<Grant>;
  refresh?: RefreshPorts['refresh'];
  table?: Table;
} = {}) {
  const clock = { now };
  const newKey = () =>
    `k${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64url')}`;
  const storeWith = (key: string) =>
    sessionStore({ table, sealer: sealer([key]), now: () => clock.now });
  const store = storeWith(newKey());
  const generation = await store.putGrant(aGrant(grant), old);
  const asked = vi.fn<RefreshPorts['refresh']>(refresh);
  const ports: RefreshPorts = {
    ...store,
    now: () => clock.now,
    wait: (ms) => wait(Math.min(ms, 1)),
    newSecret: () => randomBytes(16).toString('hex'),
    refresh: asked,
  };
  /** The same with another key. */
  const rekeyed = (): RefreshPorts => ({ ...ports, ...storeWith(newKey()) });
  return {
    ports,
    store,
    clock,
    asked,
    generation,
    rekeyed,
    use: (wanted?: WantedTokens) => usableTokens(ports, person, serverUid, wanted),
  };
}

test('a grant that is still good is used as it is', async () => {
  const { use, asked } = await world({ grant: { expiresAt: minutes(10), refreshable: true } });
  expect(await use()).toMatchObject({ kind: 'usable', tokens: old });
  expect(asked).not.toHaveBeenCalled();
});

test('a grant that is due is refreshed, and both new tokens are kept', async () => {
  const { use, store } = await world();
  expect(await use()).toMatchObject({
    kind: 'usable',
    tokens: { accessToken: 'access-2', refreshToken: 'refresh-2' },
  });
  expect(await store.getGrant(person, serverUid)).toMatchObject({
    tokens: { accessToken: 'access-2', refreshToken: 'refresh-2' },
    grant: { expiresAt: minutes(60), refreshable: true },
  });
});

test('an issuer that does not rotate leaves the refresh token as it was', async () => {
  const { use, store } = await world({
    refresh: async () => ({ ...newer, tokens: { accessToken: 'access-2' } }),
  });
  await use();
  expect((await store.getGrant(person, serverUid))?.tokens).toEqual({
    accessToken: 'access-2',
    refreshToken: 'refresh-1',
  });
});

test('twenty uses at the same time are one refresh', async () => {
  const { use, asked } = await world({ refresh: async () => wait(20, newer) });
  const uses = await Promise.all(Array.from({ length: 20 }, () => use()));
  expect(uses.map((one) => one.kind === 'usable' && one.tokens.accessToken)).toEqual(
    Array.from({ length: 20 }, () => 'access-2'),
  );
  expect(asked).toHaveBeenCalledTimes(1);
});

test('tokens that live for seconds are refreshed once for all who wait, too', async () => {
  const short: RefreshResult = { ...newer, expiresAt: new Date(now.getTime() + 10_000) };
  const { use, asked } = await world({ refresh: async () => wait(20, short) });
  await Promise.all(Array.from({ length: 20 }, () => use()));
  expect(asked).toHaveBeenCalledTimes(1);
});

test('tokens that cannot be opened any more end the grant, and SESSION will say why', async () => {
  const { store, use, asked, rekeyed } = await world({
    grant: { expiresAt: minutes(10), refreshable: true },
  });
  expect(await use()).toMatchObject({ kind: 'usable' });
  expect(await usableTokens(rekeyed(), person, serverUid)).toMatchObject({ kind: 'expired' });
  const [grant] = await store.listGrants(person);
  expect(grant?.refused?.message).toContain('TOKEN_KEYS');
  expect(asked).not.toHaveBeenCalled();
});

test('a token that the server did not accept is refreshed before its time, once', async () => {
  const { use, asked, generation } = await world({
    grant: { expiresAt: minutes(10), refreshable: true },
  });
  await Promise.all([use({ stale: generation }), use({ stale: generation })]);
  expect(await use({ stale: generation })).toMatchObject({
    kind: 'usable',
    tokens: { accessToken: 'access-2' },
  });
  expect(asked).toHaveBeenCalledTimes(1);
});

test('a refresh that the issuer refuses ends the grant, with the reason', async () => {
  const { use, store, asked } = await world({
    refresh: async () => invalidGrant,
  });
  expect(await use()).toMatchObject({
    kind: 'expired',
    grant: { refused: { by: 'issuer', message: 'The issuer refused: invalid_grant.' } },
  });
  expect((await store.getGrant(person, serverUid))?.grant.refused).toBeDefined();
  expect(await use()).toMatchObject({ kind: 'expired' });
  expect(asked).toHaveBeenCalledTimes(1);
});

test('on invalid_grant the newer tokens of somebody else are used, and stay', async () => {
  const { use, store } = await world({
    refresh: async () => {
      // Whoever refreshed with a lease that ended too early, or the person who signed in again just
      // now.
      await store.putGrant(aGrant({ refreshable: true }), {
        accessToken: 'theirs',
        refreshToken: 'theirs',
      });
      return invalidGrant;
    },
  });
  expect(await use()).toMatchObject({ kind: 'usable', tokens: { accessToken: 'theirs' } });
  expect((await store.getGrant(person, serverUid))?.grant.refused).toBeUndefined();
});

test('new tokens win over a refusal that was written meanwhile about the old ones', async () => {
  const { use, store, generation } = await world({
    refresh: async () => {
      const refused = {
        at: now,
        by: 'issuer' as const,
        message: 'The issuer refused: invalid_grant.',
      };
      await store.replaceGrant(
        { grant: aGrant({ refused, refreshable: true }), tokens: old, generation },
        generation,
      );
      return newer;
    },
  });
  expect(await use()).toMatchObject({ kind: 'usable', tokens: { accessToken: 'access-2' } });
  expect(await store.getGrant(person, serverUid)).toMatchObject({
    tokens: { accessToken: 'access-2' },
  });
});

test('a write that happened though its answer was lost loses nothing', async () => {
  const rows = memoryTable();
  // What a client sees that tries again after a lost answer: its own first try has changed the row
  // already.
  const table: Table = {
    ...rows,
    put: async (...write) => (await rows.put(...write)) && write[2]?.kind !== 'equal',
  };
  const { use, store } = await world({ table });
  expect(await use()).toMatchObject({ kind: 'usable', tokens: { accessToken: 'access-2' } });
  expect((await store.getGrant(person, serverUid))?.tokens?.refreshToken).toBe('refresh-2');
});

test('a late answer never overwrites newer tokens', async () => {
  const { use, store } = await world({
    refresh: async () => {
      await store.putGrant(aGrant({ refreshable: true }), {
        accessToken: 'newest',
        refreshToken: 'newest',
      });
      return newer;
    },
  });
  expect(await use()).toMatchObject({ kind: 'usable', tokens: { accessToken: 'newest' } });
  expect((await store.getGrant(person, serverUid))?.tokens?.accessToken).toBe('newest');
});

test.each([
  ['while the old token is good it is used', 0.2, 'usable'],
  ['past its end it is not', -1, 'retryLater'],
])('an issuer that is away ends nothing: %s', async (_sentence, left, kind) => {
  const { use, store } = await world({
    grant: { expiresAt: minutes(left), refreshable: true },
    refresh: async () => isDown,
  });
  expect((await use()).kind).toBe(kind);
  expect(await store.getGrant(person, serverUid)).toMatchObject({ tokens: old });
  expect((await store.getGrant(person, serverUid))?.grant.refused).toBeUndefined();
});

test('an issuer that failed is left alone for a while: eight commands ask it once', async () => {
  const { use, asked, clock, store } = await world({
    refresh: async () => isDown,
  });
  for (let command = 0; command < 8; command += 1)
    expect(await use()).toMatchObject({
      kind: 'retryLater',
      message: 'issuer.example.com is down.',
    });
  expect(asked).toHaveBeenCalledTimes(1);
  expect((await store.getGrant(person, serverUid))?.grant.refreshFailed).toEqual({
    at: now,
    message: 'issuer.example.com is down.',
    failures: 1,
    retryAt: minutes(0.5),
  });

  clock.now = minutes(0.5);
  await use();
  expect(asked).toHaveBeenCalledTimes(2);
  expect((await store.getGrant(person, serverUid))?.grant.refreshFailed).toMatchObject({
    failures: 2,
    retryAt: minutes(1.5),
  });

  clock.now = minutes(1.5);
  asked.mockImplementation(async () => newer);
  expect(await use()).toMatchObject({ kind: 'usable' });
  expect((await store.getGrant(person, serverUid))?.grant.refreshFailed).toBeUndefined();
});

test('while an issuer is left alone, a token that is still good is used', async () => {
  const { use, asked } = await world({
    grant: { expiresAt: minutes(0.2), refreshable: true },
    refresh: async () => isDown,
  });
  for (const _use of [1, 2]) expect(await use()).toMatchObject({ kind: 'usable', tokens: old });
  expect(asked).toHaveBeenCalledTimes(1);
});

test('a lease whose holder died ends after a while', async () => {
  const { use, store, clock, asked } = await world();
  await store.acquireLease(person, serverUid, new Date(now.getTime() + 30_000));
  const waiting = use();
  await wait(20);
  expect(asked).not.toHaveBeenCalled();
  clock.now = new Date(now.getTime() + 31_000);
  expect(await waiting).toMatchObject({ kind: 'usable', tokens: { accessToken: 'access-2' } });
});

test('a lease that never ends does not block a use forever', async () => {
  const { clock, ports } = await world();
  const endless = { ...ports, acquireLease: async () => undefined };
  const given = usableTokens(endless, person, serverUid);
  await wait(20);
  clock.now = new Date(now.getTime() + 36_000);
  expect(await given).toMatchObject({ kind: 'retryLater' });
});

test.each([
  ['that expired and cannot be refreshed', { expiresAt: minutes(-1) }],
  [
    'that was refused',
    { refreshable: true, refused: { at: now, by: 'server' as const, message: 'no' } },
  ],
])('a grant %s has ended', async (_sentence, facts) => {
  const { store, use, asked } = await world();
  await store.putGrant(aGrant(facts), { accessToken: 'access-1' });
  expect(await use()).toMatchObject({ kind: 'expired' });
  expect(asked).not.toHaveBeenCalled();
});

test('without a grant there is nothing to use', async () => {
  const { store, use } = await world();
  await store.deleteGrant(person, serverUid);
  expect(await use()).toEqual({ kind: 'missing' });
});
