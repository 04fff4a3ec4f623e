/** What every table that the stores of the sessions and the outbox use has to do. */
import { randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { sealer } from '../../functions/adapters/dynamodb/seal.ts';
import {
  type SessionStore,
  sessionStore,
} from '../../functions/adapters/dynamodb/session-store.ts';
import type { Attributes, Key, Table } from '../../functions/adapters/dynamodb/dynamo-table.ts';
import { tableOutbox } from '../../functions/adapters/dynamodb/outbox.ts';
import { tableRateLimits } from '../../functions/adapters/dynamodb/limit-counters.ts';
import type { RateLimits } from '../../functions/sessions/ports.ts';
import type { StateChange } from '../../functions/model/bus-events.ts';
import type { Client } from '../../functions/sessions/client.ts';
import type { PersonKey } from '../../functions/sessions/grant.ts';
import type { PendingCode, SignIn } from '../../functions/sessions/pending-sign-in.ts';
import { aGrant, minutes, now } from '../functions/sessions/build.ts';

/** A table, and all that is in it. */
export type Place = { readonly table: Table; readonly dump: () => Promise<readonly Attributes[]> };

const ada = { issuer: 'https://login.example.com', subject: 'ada' };
const grace = { issuer: 'https://login.example.com', subject: 'grace' };
const tokens = { accessToken: 'the-access-token', refreshToken: 'the-refresh-token' };
const aKey = (id: string) => `${id}:${randomBytes(32).toString('base64url')}`;
const seals = sealer([aKey('k1')]);
const keyOf = ({ issuer, subject }: PersonKey) => `person ${JSON.stringify([issuer, subject])}`;

const aSignIn = (facts: Partial<SignIn> = {}): SignIn => ({
  starter: ada,
  starterName: 'ada@example.com',
  serverUid: 'uid-a',
  serverName: 'default/server-a',
  serverUrl: 'https://mcp.example.com/mcp',
  headersDigest: '',
  request: {
    issuer: 'https://issuer.example.com',
    clientId: 'muster',
    redirectUri: 'https://muster.example.com/v1/oauth/callback',
    resource: 'https://mcp.example.com/mcp',
    scopes: ['mcp'],
    verifier: 'the-verifier',
    isNamed: true,
  },
  expiresAt: minutes(10),
  ...facts,
});
const parked = (facts: Partial<SignIn> = {}): PendingCode => ({
  signIn: aSignIn(facts),
  answer: { code: 'the-code', iss: 'https://issuer.example.com' },
});

/** The tests of the contract, on the table that is there when they run. */
export function storeContract(start: () => Place): void {
  let place: Place;
  let store: SessionStore;
  let clock: Date;
  beforeEach(() => {
    place = start();
    clock = now;
    store = sessionStore({ table: place.table, sealer: seals, now: () => clock });
  });
  const copy = async (from: Key, to: Key) => {
    const { pk: _pk, sk: _sk, ...row } = (await place.table.get(from)) ?? {};
    await place.table.put(to, row);
  };

  test('grants come back as they were kept, per person', async () => {
    const full = aGrant({
      refused: { at: minutes(-1), by: 'server', message: 'gone', missingScopes: ['admin'] },
      lastVerified: minutes(-2),
      serverUid: 'uid-full',
    });
    const { expiresAt: _expiresAt, ...endless } = aGrant({ serverUid: 'uid-endless' });
    await store.putGrant(full, tokens);
    await store.putGrant(endless, tokens);
    await store.putGrant(aGrant({ person: grace, serverUid: 'uid-grace' }), tokens);
    expect(await store.listGrants(ada)).toEqual([endless, full]);
    expect((await store.listGrants(grace)).map(({ serverUid }) => serverUid)).toEqual([
      'uid-grace',
    ]);
  });

  test('the grant for one server is found without the others', async () => {
    await store.putGrant(aGrant({ serverUid: 'uid-one' }), tokens);
    await store.putGrant(aGrant({ serverUid: 'uid-two' }), tokens);
    expect((await store.listGrants(ada, 'uid-two')).map(({ serverUid }) => serverUid)).toEqual([
      'uid-two',
    ]);
  });

  test('a new sign-in replaces the old grant', async () => {
    await store.putGrant(aGrant({ serverUid: 'uid-twice', scopes: ['old'] }), tokens);
    await store.putGrant(aGrant({ serverUid: 'uid-twice', scopes: ['new'] }), tokens);
    expect(
      (await store.listGrants(ada))
        .filter(({ serverUid }) => serverUid === 'uid-twice')
        .map(({ scopes }) => scopes),
    ).toEqual([['new']]);
  });

  test('taking a grant removes it and gives its tokens, once', async () => {
    await store.putGrant(aGrant({ serverUid: 'uid-take' }), tokens);
    expect(await store.deleteGrant(ada, 'uid-take')).toEqual({
      grant: aGrant({ serverUid: 'uid-take' }),
      tokens,
    });
    expect(await store.deleteGrant(ada, 'uid-take')).toBeUndefined();
  });

  test("a row copied into another person's partition does not open", async () => {
    await store.putGrant(aGrant({ serverUid: 'uid-copy' }), tokens);
    await copy(
      { pk: keyOf(ada), sk: 'grant uid-copy' },
      { pk: keyOf(grace), sk: 'grant uid-copy' },
    );
    expect((await store.deleteGrant(grace, 'uid-copy'))?.tokens).toBeUndefined();
    expect((await store.deleteGrant(ada, 'uid-copy'))?.tokens).toEqual(tokens);
  });

  test('a row copied to another server does not open', async () => {
    await store.putGrant(aGrant({ serverUid: 'uid-cheap' }), tokens);
    await copy({ pk: keyOf(ada), sk: 'grant uid-cheap' }, { pk: keyOf(ada), sk: 'grant uid-dear' });
    expect((await store.deleteGrant(ada, 'uid-dear'))?.tokens).toBeUndefined();
  });

  test('what DynamoDB has not cleaned up yet is over all the same', async () => {
    await store.putGrant(aGrant({ serverUid: 'uid-late' }), tokens);
    await store.saveSignIn('late-state', aSignIn());
    await store.savePendingCode('late-secret', parked());
    clock = new Date(now.getTime() + 40 * 86_400_000);
    expect((await store.listGrants(ada)).map(({ serverUid }) => serverUid)).not.toContain(
      'uid-late',
    );
    expect(await store.deleteGrant(ada, 'uid-late')).toBeUndefined();
    expect(await store.consumeSignIn('late-state')).toBeUndefined();
    expect(await store.consumePendingCode('late-secret', ada, 'uid-a')).toBeUndefined();
  });

  test('a sign-in is taken once, even by twenty at the same time', async () => {
    await store.saveSignIn('state-1', aSignIn({ returnTo: 'http://127.0.0.1:9/done' }));
    const taken = await Promise.all(
      Array.from({ length: 20 }, () => store.consumeSignIn('state-1')),
    );
    expect(taken.filter((signIn) => signIn !== undefined)).toEqual([
      aSignIn({ returnTo: 'http://127.0.0.1:9/done' }),
    ]);
  });

  test('a parked code waits for its starter and its server, and is taken once', async () => {
    await store.savePendingCode('secret-1', parked());
    expect(await store.consumePendingCode('secret-1', grace, 'uid-a')).toBeUndefined();
    expect(await store.consumePendingCode('secret-1', ada, 'uid-b')).toBeUndefined();
    const taken = await Promise.all(
      Array.from({ length: 20 }, () => store.consumePendingCode('secret-1', ada, 'uid-a')),
    );
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
    expect(await store.saveClient(registered('first'))).toEqual(registered('first'));
    expect(await store.saveClient(registered('second'))).toEqual(registered('first'));
    expect(await store.getClient('https://issuer.example.com', registered('').redirectUri)).toEqual(
      registered('first'),
    );
    expect(
      await store.getClient('https://issuer.example.com', 'https://elsewhere.example.com'),
    ).toBeUndefined();
    await store.deleteClient(registered('second'));
    expect(
      await store.getClient('https://issuer.example.com', registered('').redirectUri),
    ).toBeDefined();
    clock = minutes(61);
    expect(
      await store.getClient('https://issuer.example.com', registered('').redirectUri),
    ).toBeUndefined();
    expect(await store.saveClient(registered('third'))).toEqual(registered('third'));
    await store.deleteClient(registered('third'));
    clock = now;
    expect(
      await store.getClient('https://issuer.example.com', registered('').redirectUri),
    ).toBeUndefined();
  });

  test('a dump of the table shows no token, verifier, code, state or secret', async () => {
    await store.putGrant(aGrant({ serverUid: 'uid-dump' }), tokens);
    await store.saveSignIn('the-state', aSignIn());
    await store.savePendingCode('the-secret', parked());
    const text = JSON.stringify(await place.dump());
    expect(text).toContain('uid-dump');
    expect(text).not.toMatch(/the-(access|refresh|verifier|code|state|secret|client-secret)/);
  });

  test('tokens are swapped only while the row holds those of the generation that was read', async () => {
    const grant = aGrant({ serverUid: 'uid-swap' });
    const first = await store.putGrant(grant, tokens);
    expect(await store.getGrant(ada, 'uid-swap')).toEqual({ grant, tokens, generation: first });
    const newer = {
      grant: { ...grant, scopes: ['newer'] },
      tokens: { accessToken: 'newer' },
      generation: 'second',
    };
    expect(await store.replaceGrant(newer, first)).toBe(true);
    expect(await store.replaceGrant({ ...newer, generation: 'third' }, first)).toBe(false);
    expect(await store.getGrant(ada, 'uid-swap')).toEqual(newer);
    await store.deleteGrant(ada, 'uid-swap');
    expect(await store.replaceGrant(newer, 'second')).toBe(false);
    expect(await store.getGrant(ada, 'uid-swap')).toBeUndefined();
  });

  test('of twenty swaps at the same time one happens', async () => {
    const grant = aGrant({ serverUid: 'uid-race' });
    const first = await store.putGrant(grant, tokens);
    const swaps = Array.from({ length: 20 }, (_, index) =>
      store.replaceGrant({ grant, tokens, generation: `g${String(index)}` }, first),
    );
    expect((await Promise.all(swaps)).filter(Boolean)).toHaveLength(1);
  });

  test('a lease is held by one, until it is given back or over', async () => {
    const lease = (uid = 'uid-lease') =>
      store.acquireLease(ada, uid, new Date(clock.getTime() + 1_000));
    const taken = (await Promise.all(Array.from({ length: 20 }, () => lease()))).filter(
      (one) => one !== undefined,
    );
    expect(taken).toHaveLength(1);
    expect(await lease('uid-another')).toBeDefined();
    await store.releaseLease(ada, 'uid-lease', 'made up');
    expect(await lease()).toBeUndefined();
    await store.releaseLease(ada, 'uid-lease', taken[0] ?? '');
    const second = await lease();
    expect(second).toBeDefined();
    clock = new Date(clock.getTime() + 1_000);
    expect(await lease()).toBeDefined();
    await store.releaseLease(ada, 'uid-lease', second ?? '');
    expect(await lease()).toBeUndefined();
  });

  const thumbprint = (name: string) => name.padEnd(43, '_');
  const later = (ms: number) => {
    clock = new Date(clock.getTime() + ms);
  };
  const someone = () => ({ issuer: 'https://login.example.com', subject: randomUUID() });

  test('a key is registered once, and belongs to one person', async () => {
    const person = someone();
    expect(await store.enrollKey(person, thumbprint('k'))).toBe(true);
    later(5_000);
    expect(await store.enrollKey(person, thumbprint('k'))).toBe(true);
    const key = { thumbprint: thumbprint('k'), createdAt: now, lastUsedAt: now };
    expect(await store.listKeys(person)).toEqual([key]);
    expect(await store.getKey(person, thumbprint('k'))).toEqual(key);
    expect(await store.getKey(someone(), thumbprint('k'))).toBeUndefined();
    expect(await store.getKey(person, thumbprint('other'))).toBeUndefined();
  });

  test('a removed key cannot be registered again, and no late use brings it back', async () => {
    const person = someone();
    await store.enrollKey(person, thumbprint('k'));
    const key = await store.getKey(person, thumbprint('k'));
    later(120_000);
    expect(await store.removeKey(person, thumbprint('k'))).toBe(true);
    if (key !== undefined) await store.markKeyUsed(person, key);
    expect(await store.getKey(person, thumbprint('k'))).toBeUndefined();
    expect(await store.listKeys(person)).toEqual([]);
    expect(await store.enrollKey(person, thumbprint('k'))).toBe(false);
    expect(await store.removeKey(person, thumbprint('k'))).toBe(false);
    expect(await store.removeKey(person, thumbprint('never'))).toBe(false);
  });

  test('a key is kept for ninety days after its last use, which is written once a minute', async () => {
    const person = someone();
    const use = async () => {
      const key = await store.getKey(person, thumbprint('k'));
      if (key !== undefined) await store.markKeyUsed(person, key);
      return (await store.getKey(person, thumbprint('k')))?.lastUsedAt;
    };
    await store.enrollKey(person, thumbprint('k'));
    later(59_000);
    expect(await use()).toEqual(now);
    later(89 * 86_400_000);
    expect(await use()).toEqual(clock);
    later(89 * 86_400_000);
    expect(await store.listKeys(person)).toHaveLength(1);
    later(86_400_000);
    expect(await store.listKeys(person)).toEqual([]);
    expect(await store.getKey(person, thumbprint('k'))).toBeUndefined();
  });

  test('of more than twenty keys the one that was used least recently makes room', async () => {
    const person = someone();
    for (let count = 0; count < 20; count += 1) {
      await store.enrollKey(person, thumbprint(`k${String(count)}`));
      later(61_000);
    }
    const oldest = await store.getKey(person, thumbprint('k0'));
    if (oldest !== undefined) await store.markKeyUsed(person, oldest);
    await store.enrollKey(person, thumbprint('new'));
    const kept = (await store.listKeys(person)).map((key) => key.thumbprint);
    expect(kept).toHaveLength(20);
    expect(kept).toEqual(expect.arrayContaining(['new', 'k0', 'k2'].map(thumbprint)));
    expect(kept).not.toContain(thumbprint('k1'));
  });

  test('the id of a proof is used once, even by twenty at the same time', async () => {
    const use = (key: string) => store.consumeProof(thumbprint(key), 'the-id', minutes(3));
    const used = await Promise.all(Array.from({ length: 20 }, () => use('one')));
    expect(used.filter(Boolean)).toHaveLength(1);
    expect(await use('two')).toBe(true);
  });

  test('a grant without tokens is a grant that remembers', async () => {
    const grant = aGrant({ serverUid: 'uid-empty', kind: 'forwarding' });
    await store.putGrant(grant);
    expect(await store.getGrant(ada, 'uid-empty')).toMatchObject({ grant });
    expect((await store.getGrant(ada, 'uid-empty'))?.tokens).toBeUndefined();
  });

  const storeWith = (...keys: readonly string[]) =>
    sessionStore({ table: place.table, sealer: sealer(keys), now: () => clock });

  test('two keys are accepted while they rotate', async () => {
    const [old, fresh] = [aKey('old'), aKey('fresh')];
    await storeWith(old).putGrant(aGrant({ serverUid: 'uid-rotate' }), tokens);
    expect((await storeWith(fresh, old).getGrant(ada, 'uid-rotate'))?.tokens).toEqual(tokens);
  });

  test('without the old key its rows do not open, and nothing is thrown', async () => {
    const [old, fresh] = [aKey('old'), aKey('fresh')];
    await storeWith(old).putGrant(aGrant({ serverUid: 'uid-rotate' }), tokens);
    expect(await storeWith(fresh).getGrant(ada, 'uid-rotate')).toMatchObject({
      grant: { serverUid: 'uid-rotate' },
    });
    expect((await storeWith(fresh).getGrant(ada, 'uid-rotate'))?.tokens).toBeUndefined();
  });

  test('without the old key a list says that it is missing, until the key is back', async () => {
    const [old, fresh] = [aKey('old'), aKey('fresh')];
    const own = aGrant({ serverUid: 'uid-own' });
    await storeWith(old).putGrant(own, tokens);
    const listed = (...keys: readonly string[]) => storeWith(...keys).listGrants(ada, 'uid-own');
    expect(await listed(fresh, old)).toEqual([own]);
    const [seen] = await listed(fresh);
    expect(seen).toEqual({ ...own, isKeyMissing: true });
    // What a list saw is not stored.
    await storeWith(old).putGrant(seen ?? own, tokens);
    expect(await listed(old)).toEqual([own]);
  });

  test('every row that holds something of a person has an end', async () => {
    await store.putGrant(aGrant({ serverUid: 'uid-end' }), tokens);
    await store.saveSignIn('state-end', aSignIn());
    await store.savePendingCode('secret-end', parked());
    await store.acquireLease(ada, 'uid-end', minutes(1));
    await store.enrollKey(ada, thumbprint('end'));
    await store.enrollKey(ada, thumbprint('removed'));
    await store.removeKey(ada, thumbprint('removed'));
    await store.consumeProof(thumbprint('end'), 'an-id', minutes(3));
    const rows = (await place.dump()).filter(({ pk }) => !String(pk).startsWith('client '));
    expect(rows.length).toBeGreaterThan(6);
    expect(rows.filter(({ expires }) => typeof expires !== 'number')).toEqual([]);
  });

  test('a registration is renewed after a week, and the old one stays for its grants', async () => {
    const known: Client = {
      issuer: 'https://weekly.example.com',
      id: 'old',
      redirectUri: 'https://muster.example.com/cb',
      authentication: 'none',
    };
    await store.saveClient(known);
    clock = new Date(now.getTime() + 8 * 86_400_000);
    expect(await store.getClient(known.issuer, known.redirectUri)).toBeUndefined();
    await store.saveClient({ ...known, id: 'new' });
    expect(await store.getClientById(known.issuer, 'old')).toEqual(known);
    expect((await store.getClient(known.issuer, known.redirectUri))?.id).toBe('new');
  });

  test('an attempt at a sign-in is remembered for its person and server, and forgotten once', async () => {
    const attempt = { issuer: 'https://issuer.example.com', subject: 'who-tries' };
    expect(await store.consumeAttempt(attempt, 'uid-1')).toBe(false);
    await store.markAttempt(attempt, 'uid-1', minutes(60));
    expect(await store.consumeAttempt(attempt, 'uid-2')).toBe(false);
    const all = [1, 2, 3].map(() => store.consumeAttempt(attempt, 'uid-1'));
    expect((await Promise.all(all)).filter((isMine) => isMine)).toHaveLength(1);
    await store.markAttempt(attempt, 'uid-1', minutes(-1));
    expect(await store.consumeAttempt(attempt, 'uid-1')).toBe(false);
  });

  test('the first sign-in that no browser came back from is remembered, and forgotten once', async () => {
    const issuer = 'https://silent.example.com';
    expect(await store.consumeUnanswered(issuer, minutes(60))).toBe(false);
    await store.markStarted(issuer, now);
    await store.markStarted(issuer, minutes(30));
    expect(await store.consumeUnanswered(issuer, minutes(-1))).toBe(false);
    const all = [1, 2, 3].map(() => store.consumeUnanswered(issuer, minutes(0)));
    expect((await Promise.all(all)).filter((isMine) => isMine)).toHaveLength(1);
    await store.markStarted(issuer, minutes(40));
    await store.markAnswered(issuer);
    expect(await store.consumeUnanswered(issuer, minutes(60))).toBe(false);
  });

  test('an issuer that refused our document is offered it again after a month', async () => {
    const issuer = 'https://no-documents.example.com';
    expect(await store.isDocumentRefused(issuer)).toBe(false);
    await store.markDocumentRefused(issuer);
    expect(await store.isDocumentRefused(issuer)).toBe(true);
    clock = new Date(now.getTime() + 31 * 86_400_000);
    expect(await store.isDocumentRefused(issuer)).toBe(false);
  });

  test('the rows of a partition come in the order of their keys, with the attributes that were named', async () => {
    const pk = 'order 1';
    for (const sk of ['b 2', 'a 1', 'b 1'])
      await place.table.put({ pk, sk }, { name: sk, size: 1, other: 'not asked for' });
    await place.table.put({ pk: 'order 2', sk: 'a 0' }, { name: 'elsewhere' });
    const names = ['name', 'size'];
    const row = (sk: string) => ({ sk, name: sk, size: 1 });
    expect(await place.table.query(pk, { names })).toEqual([row('a 1'), row('b 1'), row('b 2')]);
    expect(await place.table.query(pk, { names, prefix: 'b ' })).toEqual([row('b 1'), row('b 2')]);
    expect(await place.table.query(pk, { names, limit: 2 })).toEqual([row('a 1'), row('b 1')]);
    expect(await place.table.query(pk, { names, prefix: 'b ', limit: 1 })).toEqual([row('b 1')]);
    expect(await place.table.query('order 3', { names, limit: 2 })).toEqual([]);
  });

  test('of a map only the members that were named are read', async () => {
    const pk = 'members';
    const sealed = { protected: 'header', ciphertext: 'long' };
    await place.table.put({ pk, sk: '1' }, { name: 'whole', sealed });
    await place.table.put({ pk, sk: '2' }, { name: 'none' });
    await place.table.put({ pk, sk: '3' }, { name: 'no map', sealed: 'text' });
    expect(await place.table.query(pk, { names: ['name', 'sealed.protected'] })).toEqual([
      { sk: '1', name: 'whole', sealed: { protected: 'header' } },
      { sk: '2', name: 'none' },
      { sk: '3', name: 'no map' },
    ]);
  });

  test('an update sets attributes of a row and keeps the others', async () => {
    const key = { pk: 'update', sk: 'there' };
    await place.table.put(key, { name: 'kept', status: 'old' });
    expect(await place.table.update(key, { status: 'new', size: 2 })).toBe(true);
    expect(await place.table.get(key)).toEqual({ ...key, name: 'kept', status: 'new', size: 2 });
  });

  test('an update never makes a row', async () => {
    const key = { pk: 'update', sk: 'missing' };
    expect(await place.table.update(key, { status: 'new' })).toBe(false);
    expect(await place.table.get(key)).toBeUndefined();
  });

  test('a counter stops at its most, even for twenty at the same time, and keeps its row', async () => {
    const key = { pk: 'limit ["issuer","ada"]', sk: 'check 0' };
    const count = () => place.table.count(key, { name: 'uses', most: 7 }, { expires: 60 });
    const counted = await Promise.all(Array.from({ length: 20 }, count));
    expect(counted.filter(Boolean)).toHaveLength(7);
    expect(await count()).toBe(false);
    expect(await place.table.get(key)).toEqual({ ...key, uses: 7, expires: 60 });
  });

  test('uses are counted per person, limit and window, for all processes together', async () => {
    const processes = Array.from({ length: 4 }, () => tableRateLimits(place.table));
    const window = { startsAt: now, endsAt: minutes(1) };
    const use = (more: Partial<Parameters<RateLimits['countUse']>[0]> = {}) =>
      Promise.all(
        processes.flatMap((process) =>
          Array.from({ length: 3 }, () =>
            process.countUse({ person: ada, limit: 'check', ...window, ...more }),
          ),
        ),
      );
    const allowed = async (...given: Parameters<typeof use>) =>
      (await use(...given)).filter(Boolean).length;
    expect(await allowed()).toBe(10);
    expect(await allowed()).toBe(0);
    expect(await allowed({ person: grace })).toBe(10);
    expect(await allowed({ limit: 'verification' })).toBe(12);
    expect(await allowed({ startsAt: minutes(1), endsAt: minutes(2) })).toBe(10);
  });

  test('the limit of a server counts its own uses only', async () => {
    const { countUse } = tableRateLimits(place.table);
    const use = {
      person: ada,
      limit: 'forcedRefresh',
      startsAt: now,
      endsAt: minutes(10),
    } as const;
    const count = async (serverUid: string) =>
      (await Promise.all(Array.from({ length: 9 }, () => countUse({ ...use, serverUid })))).filter(
        Boolean,
      ).length;
    expect([await count('uid-a'), await count('uid-b'), await count('uid-a')]).toEqual([6, 6, 0]);
  });

  test('a release is kept for each machine and server, the last one, until it is taken or 30 days old', async () => {
    const release = { serverUid: 'uid-a', thumbprint: 'laptop', at: now, endsAt: minutes(5) };
    await store.saveRelease(ada, release);
    const later = { ...release, at: minutes(1), endsAt: minutes(6) };
    await store.saveRelease(ada, later);
    const desktop = { serverUid: 'uid-a', thumbprint: 'desktop', at: now };
    await store.saveRelease(ada, desktop);
    const other = { ...release, serverUid: 'uid-a-b' };
    await store.saveRelease(ada, other);
    expect(await store.listReleases(ada, 'uid-a')).toEqual([desktop, later]);
    expect(await store.listReleases(ada)).toHaveLength(3);
    expect(await store.listReleases(grace)).toEqual([]);
    expect(await store.takeReleases(ada, 'uid-a')).toEqual([desktop, later]);
    expect(await store.listReleases(ada)).toEqual([other]);
    clock = minutes(30 * 24 * 60);
    expect(await store.listReleases(ada)).toEqual([]);
  });

  test('all that a list shows of a person is read by one query, as each kind is read alone', async () => {
    const person = { ...ada, subject: 'of-one-query' };
    await store.putGrant(aGrant({ person, serverUid: 'uid-one' }), tokens);
    await store.putGrant(aGrant({ person, serverUid: 'uid-two' }));
    await store.putGrant(aGrant({ person: grace, serverUid: 'uid-grace' }), tokens);
    await store.enrollKey(person, 'laptop');
    await store.enrollKey(person, 'removed');
    await store.removeKey(person, 'removed');
    await store.saveRelease(person, { serverUid: 'uid-one', thumbprint: 'laptop', at: now });
    await store.acquireLease(person, 'uid-one', minutes(1));
    await store.markAttempt(person, 'uid-two', minutes(10));
    await place.table.put({ pk: keyOf(person), sk: 'grant uid-odd' }, { grant: 'odd' });
    await place.table.put({ pk: keyOf(person), sk: 'release uid-one odd' }, { at: 7 });
    let queries = 0;
    const table: Table = {
      ...place.table,
      query: async (...wanted) => {
        queries += 1;
        return place.table.query(...wanted);
      },
    };
    const read = sessionStore({ table, sealer: seals, now: () => clock });
    const rows = await read.readPerson(person);
    expect(queries).toBe(1);
    expect(rows).toEqual({
      grants: await store.listGrants(person),
      releases: await store.listReleases(person),
      keys: await store.listKeys(person),
    });
    expect(rows.grants.map(({ serverUid }) => serverUid)).toEqual(['uid-one', 'uid-two']);
    expect([rows.keys, rows.releases].map(({ length }) => length)).toEqual([1, 1]);
    expect(JSON.stringify(rows)).not.toContain('the-access-token');
    clock = minutes(60 * 24 * 366);
    expect(await store.readPerson(person)).toEqual({ grants: [], releases: [], keys: [] });
  });

  test('a release that cannot be read costs only itself', async () => {
    await place.table.put({ pk: keyOf(ada), sk: 'release uid-odd laptop' }, { at: 'never' });
    expect(await store.listReleases(ada, 'uid-odd')).toEqual([]);
  });

  test('the outbox keeps a change until it is removed, and a confirmation through a second record', async () => {
    const outbox = tableOutbox({ table: place.table, now: () => clock });
    const change = (id: string): StateChange => ({
      id,
      namespace: 'default',
      name: 'server-a',
      uid: 'uid-a',
      to: 'Connected',
      reason: 'Responded',
      at: now,
    });
    const byId = async () =>
      [...(await outbox.pending())].sort((one, other) =>
        one.change.id < other.change.id ? -1 : 1,
      );
    expect(await outbox.record(change('first'), undefined)).toBeUndefined();
    const second = {
      ...change('second'),
      from: 'Failed',
      message: 'HTTP 200.',
      failingSince: new Date(now.getTime() - 60_000),
    };
    expect(await outbox.record(second, 'first')).toBeUndefined();
    expect(await outbox.record(change('first'), 'never recorded')).toBeUndefined();
    expect(await byId()).toEqual([
      { change: change('first'), isConfirmed: true },
      { change: second, isConfirmed: false },
    ]);
    await outbox.remove([change('first'), change('second')]);
    expect(await outbox.pending()).toEqual([]);
  });
}
