/** The release flow with scripted ports: what is asked, what is stored, and what leaves. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import { sessionStore } from '../../../functions/adapters/dynamodb/session-store.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import type { Grant, Tokens } from '../../../functions/sessions/grant.ts';
import type { TokenExchangeResult } from '../../../functions/sessions/exchanged-grant.ts';
import type { LimitResult } from '../../../functions/sessions/rate-limits.ts';
import type { RefreshResult } from '../../../functions/sessions/refresh.ts';
import {
  type ReleasePorts,
  releaseToken,
  type WantedRelease,
} from '../../../functions/sessions/token-release.ts';
import { memoryTable } from '../../../local/memory-table.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { anAuth } from '../../world/server.ts';
import { aGrant, allowed, exchange, minutes, now, protectedServer } from './build.ts';

const person = aPerson();
const key = { issuer: person.issuer, subject: person.subject };
const both = { accessToken: 'access-1', refreshToken: 'refresh-1' };
const server = protectedServer({ headersDigest: '' });
const url = 'https://mcp.example.com/mcp';
const exchanging = protectedServer({
  headersDigest: '',
  auth: anAuth({ tokenExchange: exchange }),
  singleSignOn: 'exchange',
});
const hint = 'muster auth login --server default/server-a';
const reached: LimitResult = { kind: 'reached', retryAfterMs: 1_000 };

type World = {
  readonly of?: McpServer;
  readonly grant?: Partial<Grant>;
  readonly tokens?: Tokens;
  readonly refresh?: RefreshResult;
  readonly exchanged?: TokenExchangeResult;
  readonly ports?: Partial<ReleasePorts>;
};

const refreshed: RefreshResult = {
  kind: 'refreshed',
  tokens: { accessToken: 'access-2', refreshToken: 'refresh-2' },
  scopes: ['mcp'],
  expiresAt: minutes(90),
};
const freshExchange: TokenExchangeResult = {
  kind: 'exchanged',
  tokens: { accessToken: 'exchanged-2' },
  scopes: ['other'],
  expiresAt: minutes(20),
};

/** A store with one grant, an issuer that refreshes, and limits that are never reached. */
async function world({
  of = server,
  grant = { refreshable: true },
  tokens = both,
  refresh = refreshed,
  exchanged = freshExchange,
  ports: others = {},
}: World = {}) {
  const store = sessionStore({
    table: memoryTable(),
    sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
    now: () => now,
  });
  const generation = await store.putGrant(aGrant(grant), tokens);
  const asked: string[] = [];
  const ports: ReleasePorts = {
    ...store,
    policy: allowed,
    release: { isOn: true, hosts: [], clusterDomain: 'cluster.local' },
    now: () => now,
    wait: async () => {},
    newSecret: () => 'generation-2',
    takeServerLimit: async (_person, limit, uid) => {
      asked.push(`${limit} of ${uid}`);
      return { kind: 'allowed' };
    },
    verifyToken: async () => ({ kind: 'accepted' }),
    refresh: async () => {
      asked.push('refresh');
      return refresh;
    },
    exchangeToken: async (_server, token) => {
      asked.push(`exchange ${token}`);
      return exchanged;
    },
    ...others,
  };
  const ask = (wanted: Partial<WantedRelease> = {}) =>
    releaseToken(ports, of, aCaller(person, { token: 'own' }), { thumbprint: 'laptop', ...wanted });
  const held = async () => store.getGrant(key, 'uid-a');
  return { store, generation, asked, ask, held };
}

describe('the access token of a session', () => {
  test('leaves with its generation, counts once, and is remembered for its machine', async () => {
    const { ask, asked, generation, store } = await world();
    expect(await ask()).toEqual({
      kind: 'released',
      url,
      grant: aGrant({ refreshable: true }),
      accessToken: 'access-1',
      generation,
      refreshed: false,
    });
    expect(asked).toEqual(['tokenRelease of uid-a']);
    expect(await store.listReleases(key)).toEqual([
      { serverUid: 'uid-a', thumbprint: 'laptop', at: now, endsAt: minutes(60) },
    ]);
  });

  test('without a known end is remembered without one', async () => {
    const { expiresAt: _expiresAt, ...endless } = aGrant();
    const { store, ask } = await world();
    await store.putGrant(endless, both);
    expect((await ask()).kind).toBe('released');
    expect(await store.listReleases(key)).toEqual([
      { serverUid: 'uid-a', thumbprint: 'laptop', at: now },
    ]);
  });

  test('that is due is refreshed first, which is not forced', async () => {
    const { ask, asked } = await world({ grant: { refreshable: true, expiresAt: minutes(-1) } });
    expect(await ask()).toMatchObject({
      kind: 'released',
      accessToken: 'access-2',
      generation: 'generation-2',
      refreshed: true,
    });
    expect(asked).toEqual(['tokenRelease of uid-a', 'refresh']);
  });

  test('that is due and stale is refreshed without counting as forced', async () => {
    const { ask, asked, generation } = await world({
      grant: { refreshable: true, expiresAt: minutes(-1) },
    });
    expect(await ask({ stale: generation })).toMatchObject({ accessToken: 'access-2' });
    expect(asked).toEqual(['tokenRelease of uid-a', 'refresh']);
  });

  test('beyond the limit is not even looked at', async () => {
    const { ask, asked, store } = await world({
      grant: { refreshable: true, expiresAt: minutes(-1) },
      ports: { takeServerLimit: async () => reached },
    });
    expect(await ask()).toEqual({ kind: 'limited', limit: 'tokenRelease', refused: reached });
    expect(asked).toEqual([]);
    expect(await store.listReleases(key)).toEqual([]);
  });
});

describe('nothing leaves, and nothing is counted,', () => {
  test('where the owner releases nothing', async () => {
    const { ask, asked } = await world({
      ports: { release: { isOn: false, hosts: [], clusterDomain: 'cluster.local' } },
    });
    expect(await ask()).toMatchObject({ kind: 'notReleased', setting: 'RELEASE_TOKENS' });
    expect(asked).toEqual([]);
  });

  test('without a session', async () => {
    const { ask, asked, store } = await world();
    await store.deleteGrant(key, 'uid-a');
    const none = { kind: 'noSession', session: { status: 'Pending Auth', hint } };
    expect(await ask()).toEqual(none);
    expect(asked).toEqual([]);
  });

  test('for a server that asks for no sign-in', async () => {
    const { ask, asked, store } = await world({
      of: protectedServer({ headersDigest: '', authRequired: 'False' }),
    });
    expect(await ask()).toEqual({ kind: 'open', url });
    expect([asked, await store.listReleases(key)]).toEqual([[], []]);
  });
});

describe('a session that goes away meanwhile', () => {
  test('is Pending Auth', async () => {
    const { ask, store } = await world({
      ports: {
        takeServerLimit: async () => {
          await store.deleteGrant(key, 'uid-a');
          return { kind: 'allowed' };
        },
      },
    });
    expect(await ask()).toEqual({ kind: 'noSession', session: { status: 'Pending Auth' } });
  });

  test('and comes back for another URL gives nothing', async () => {
    const { ask, store } = await world({
      ports: {
        takeServerLimit: async () => {
          await store.putGrant(aGrant({ serverUrl: 'https://old.example.com/mcp' }), both);
          return { kind: 'allowed' };
        },
      },
    });
    expect(await ask()).toMatchObject({
      kind: 'noSession',
      session: { status: 'Pending Auth', message: expect.stringContaining('URL'), hint },
    });
    expect(await store.listReleases(key)).toEqual([]);
  });

  test('because its issuer ended it is Expired', async () => {
    const { ask } = await world({
      grant: { refreshable: true, expiresAt: minutes(-1) },
      refresh: {
        kind: 'failed',
        failure: { kind: 'noClient' },
        message: 'The issuer refused: invalid_grant.',
      },
    });
    expect(await ask()).toMatchObject({
      kind: 'noSession',
      session: { status: 'Expired', message: 'The issuer refused: invalid_grant.', hint },
    });
  });
});

test('while the issuer is down, the answer says when it is asked again', async () => {
  const { ask, asked, held } = await world({
    grant: { refreshable: true, expiresAt: minutes(-1) },
    refresh: { kind: 'failed', failure: { kind: 'noAnswer' }, message: 'The issuer is down.' },
  });
  const later = {
    kind: 'retryLater',
    message: 'The issuer is down.',
    retryAt: new Date(now.getTime() + 30_000),
  };
  expect(await ask()).toEqual(later);
  expect((await held())?.grant.refused).toBeUndefined();
  // Until then it is not asked again.
  expect(await ask()).toEqual(later);
  expect(asked.filter((what) => what === 'refresh')).toHaveLength(1);
});

describe('a token that the server refused', () => {
  test('is refreshed, which counts', async () => {
    const { ask, asked, generation } = await world();
    expect(await ask({ stale: generation })).toMatchObject({
      kind: 'released',
      accessToken: 'access-2',
      refreshed: true,
    });
    expect(asked).toEqual(['tokenRelease of uid-a', 'forcedRefresh of uid-a', 'refresh']);
  });

  test('is not refreshed too often', async () => {
    const { ask, asked, generation } = await world({
      ports: {
        takeServerLimit: async (_person, limit) =>
          limit === 'forcedRefresh' ? reached : { kind: 'allowed' },
      },
    });
    expect(await ask({ stale: generation })).toEqual({
      kind: 'limited',
      limit: 'forcedRefresh',
      refused: reached,
    });
    expect(asked).toEqual([]);
  });

  test('but is no longer the present one is no reason for a refresh', async () => {
    const { ask, asked, generation } = await world();
    expect(await ask({ stale: 'older' })).toMatchObject({ accessToken: 'access-1', generation });
    expect(await ask({ refused: 'older' })).toMatchObject({ accessToken: 'access-1', generation });
    expect(asked).toEqual(['tokenRelease of uid-a', 'tokenRelease of uid-a']);
  });

  const ended = {
    kind: 'noSession',
    session: {
      status: 'Expired',
      message: 'The server refused the token that your machine sent (401).',
      hint,
    },
  };

  test('and that cannot be refreshed ends the session', async () => {
    const { ask, generation, held, store } = await world({
      grant: { refreshable: false },
      tokens: { accessToken: 'access-1' },
    });
    expect(await ask({ stale: generation })).toMatchObject(ended);
    expect((await held())?.grant.refused).toMatchObject({ by: 'server', at: now });
    expect(await store.listReleases(key)).toEqual([]);
  });

  test('again ends the session without asking the issuer', async () => {
    const { ask, asked, generation, held } = await world();
    expect(await ask({ refused: generation })).toMatchObject(ended);
    expect((await held())?.grant.refused).toMatchObject({ by: 'server' });
    expect(asked).toEqual(['tokenRelease of uid-a']);
    expect(await ask()).toMatchObject(ended);
  });
});

describe('by token exchange', () => {
  const grant = { kind: 'exchange', refreshable: false } as const;
  const tokens = { accessToken: 'exchanged-1' };
  const made = (facts: World = {}) => world({ of: exchanging, grant, tokens, ...facts });

  test('the exchanged token leaves while it is good', async () => {
    const { ask, asked, generation } = await made();
    expect(await ask()).toMatchObject({ kind: 'released', accessToken: 'exchanged-1', generation });
    expect(asked).toEqual(['tokenRelease of uid-a']);
  });

  test.each([
    ['due', { ...grant, expiresAt: minutes(-1) }, tokens],
    ['lost', grant, undefined],
  ])('a token that is %s is exchanged again', async (_what, due, stored) => {
    const { ask, asked, held, store } = await made({ grant: due });
    if (stored === undefined) await store.putGrant(aGrant(due));
    const result = await ask();
    expect(result).toMatchObject({
      kind: 'released',
      accessToken: 'exchanged-2',
      grant: { kind: 'exchange', scopes: ['other'], expiresAt: minutes(20) },
      refreshed: true,
    });
    expect(asked).toEqual(['tokenRelease of uid-a', 'exchange own']);
    expect((await held())?.tokens).toEqual({ accessToken: 'exchanged-2' });
  });

  test('a token that the server refused is exchanged again, which counts', async () => {
    const { ask, asked, generation } = await made();
    expect(await ask({ stale: generation })).toMatchObject({ accessToken: 'exchanged-2' });
    expect(asked).toEqual(['tokenRelease of uid-a', 'forcedRefresh of uid-a', 'exchange own']);
  });

  test('an issuer that says no is noted, one that is down is not', async () => {
    const no = await made({ exchanged: { kind: 'refused', message: 'The issuer says no.' } });
    expect(await no.ask({ stale: no.generation })).toMatchObject({
      kind: 'noSession',
      session: { status: 'Pending Auth', sso: 'Failed', message: 'The issuer says no.' },
    });
    expect((await no.held())?.grant.refused).toMatchObject({ by: 'issuer' });
    const down = await made({ exchanged: { kind: 'unavailable', message: 'The issuer is down.' } });
    expect(await down.ask({ stale: down.generation })).toEqual({
      kind: 'retryLater',
      message: 'The issuer is down.',
    });
    expect((await down.held())?.grant.refused).toBeUndefined();
  });
});
