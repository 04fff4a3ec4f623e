/** The refresh flow with a scripted store: how long it waits, what it keeps and what it lets go. */
import { describe, expect, test } from 'vitest';
import type { Grant, StoredGrant } from '../../../functions/sessions/grant.ts';
import { endsGrant, nextRefreshAt } from '../../../functions/sessions/grant-end.ts';
import {
  type RefreshPorts,
  usableTokens,
  type WantedTokens,
} from '../../../functions/sessions/refresh.ts';
import { aGrant, minutes, now } from './build.ts';

const { person, serverUid } = aGrant();
const tokens = { accessToken: 'access-1', refreshToken: 'refresh-1' };
const heldWith = (facts: Partial<Grant>, more: Partial<StoredGrant> = {}): StoredGrant => ({
  grant: aGrant({ refreshable: true, ...facts }),
  tokens,
  generation: 'generation-1',
  ...more,
});
const later = (ms: number): Date => new Date(now.getTime() + ms);

/** Reads give `reads` in order, and the last one from then on. */
async function used(
  reads: readonly (StoredGrant | undefined)[],
  more: Partial<RefreshPorts> = {},
  wanted?: WantedTokens,
) {
  let clock = now;
  let count = 0;
  const done: string[] = [];
  const waits: number[] = [];
  const kept: StoredGrant[] = [];
  const result = await usableTokens(
    {
      now: () => clock,
      newSecret: () => 'generation-2',
      wait: async (ms) => {
        waits.push(ms);
        clock = new Date(clock.getTime() + ms);
      },
      getGrant: async () => {
        const read = reads[Math.min(count, reads.length - 1)];
        count += 1;
        return read;
      },
      replaceGrant: async (next) => {
        kept.push(next);
        return true;
      },
      acquireLease: async (_person, _uid, until) => {
        done.push(`lease for ${String(until.getTime() - clock.getTime())}`);
        return 'lease';
      },
      releaseLease: async (_person, _uid, lease) => {
        done.push(`release ${lease}`);
      },
      refresh: async () => {
        done.push('refresh');
        return {
          kind: 'refreshed',
          tokens: { accessToken: 'access-2' },
          scopes: ['mcp', 'more'],
          expiresAt: minutes(60),
        };
      },
      ...more,
    },
    person,
    serverUid,
    wanted,
  );
  return { result, done, waits, kept };
}

describe('when a token is due', () => {
  const due = async (facts: Partial<Grant>) =>
    (await used([heldWith(facts)])).done.includes('refresh');
  test('is half a minute before its end, or a fifth of a short life', async () => {
    const old = { obtainedAt: minutes(-60) };
    expect(await due({ ...old, expiresAt: later(30_000) })).toBe(true);
    expect(await due({ ...old, expiresAt: later(30_001) })).toBe(false);
    const short = (leftMs: number) => ({
      obtainedAt: later(leftMs - 100_000),
      expiresAt: later(leftMs),
    });
    expect(await due(short(20_000))).toBe(true);
    expect(await due(short(20_001))).toBe(false);
  });
  test('is never for one without an end', async () => {
    const { expiresAt: _, ...forever } = aGrant({ refreshable: true });
    const held = { ...heldWith({}), grant: forever };
    const { result, done } = await used([held]);
    expect(result).toEqual({ kind: 'usable', held, tokens });
    expect(done).toEqual([]);
  });
});

test('a refresh takes the lease for half a minute, keeps the answer and gives the lease back', async () => {
  const held = heldWith({
    expiresAt: minutes(-1),
    refused: { at: now, by: 'server', message: 'no' },
    refreshFailed: { at: now, message: 'm', failures: 1, retryAt: now },
  });
  const { result, done, kept } = await used([held], {}, { despiteServer: true });
  expect(done).toEqual(['lease for 30000', 'refresh', 'release lease']);
  const { refused: _refused, refreshFailed: _failed, ...rest } = held.grant;
  const renewed = {
    grant: {
      ...rest,
      scopes: ['mcp', 'more'],
      obtainedAt: now,
      expiresAt: minutes(60),
      refreshable: true,
    },
    tokens: { accessToken: 'access-2', refreshToken: 'refresh-1' },
    generation: 'generation-2',
  };
  expect(kept).toEqual([renewed]);
  expect(result).toEqual({ kind: 'usable', held: renewed, tokens: renewed.tokens });
});

test('a grant that got a refresh token can be refreshed from then on', async () => {
  const held = heldWith({ expiresAt: minutes(-1), refreshable: false });
  expect((await used([held])).kept[0]?.grant.refreshable).toBe(true);
});

describe('while another request refreshes', () => {
  const busy = { acquireLease: async () => undefined };
  test('it is looked quickly at first, later twice a second, and 35 seconds in all', async () => {
    const held = heldWith({ expiresAt: minutes(-1) });
    const { result, waits } = await used([held], busy);
    expect(waits.slice(0, 7)).toEqual([25, 50, 100, 200, 400, 500, 500]);
    const all = waits.reduce((sum, ms) => sum + ms, 0);
    expect([all >= 35_000, all < 35_500]).toEqual([true, true]);
    expect(result).toEqual({
      kind: 'retryLater',
      grant: held.grant,
      message: 'Timed out while another request was refreshing the grant.',
    });
  });
  test('its result is taken', async () => {
    const fresh = heldWith({ expiresAt: minutes(60) });
    const { result, waits } = await used([heldWith({ expiresAt: minutes(-1) }), fresh], busy);
    expect([result, waits]).toEqual([{ kind: 'usable', held: fresh, tokens }, [25]]);
  });
  test('exactly 35 seconds are too long', async () => {
    let asked = 0;
    const { waits } = await used([heldWith({ expiresAt: minutes(-1) })], {
      ...busy,
      now: () => {
        asked += 1;
        return asked === 1 ? now : later(asked < 6 ? 34_999 : 35_000);
      },
    });
    expect(waits).toEqual([25]);
  });
});

describe('what the holder of the lease finds', () => {
  const due = heldWith({ expiresAt: minutes(-1) });
  const after = (found: StoredGrant | undefined) => used([due, found]);
  test('refreshed by another request is used as it is', async () => {
    const fresh = heldWith({ expiresAt: minutes(60) });
    const { result, done } = await after(fresh);
    expect(result).toEqual({ kind: 'usable', held: fresh, tokens });
    expect(done).toEqual(['lease for 30000', 'release lease']);
  });
  test('gone, refused or without tokens is not refreshed', async () => {
    expect((await after(undefined)).result).toEqual({ kind: 'missing' });
    const { tokens: _, ...sealed } = due;
    expect((await after(sealed)).result).toEqual({ kind: 'expired', grant: due.grant });
    const refused = heldWith({ refused: { at: now, by: 'issuer', message: 'over' } });
    expect((await after(refused)).result).toEqual({ kind: 'expired', grant: refused.grant });
  });
  test('left alone after a failure is not asked again', async () => {
    const failing = heldWith({
      expiresAt: minutes(-1),
      refreshFailed: { at: now, message: 'it is down', failures: 1, retryAt: minutes(1) },
    });
    expect(await after(failing)).toMatchObject({
      result: { kind: 'retryLater', message: 'it is down' },
      done: ['lease for 30000', 'release lease'],
    });
  });
});

test('a grant that disappears while it is refreshed is missing', async () => {
  const due = heldWith({ expiresAt: minutes(-1) });
  const { result } = await used([due, due, undefined], { replaceGrant: async () => false });
  expect(result).toEqual({ kind: 'missing' });
});

test('a token that cannot be refreshed is used up to its end', async () => {
  const without = (expiresAt: Date) =>
    heldWith({ expiresAt, obtainedAt: minutes(-60) }, { tokens: { accessToken: 'access-1' } });
  expect((await used([without(later(1))])).result.kind).toBe('usable');
  const ended = without(now);
  expect((await used([ended])).result).toEqual({ kind: 'expired', grant: ended.grant });
});

test('what the server refused is asked again only where that is wanted', async () => {
  const refused = heldWith({ refused: { at: now, by: 'server', message: 'no' } });
  expect((await used([refused])).result).toEqual({ kind: 'expired', grant: refused.grant });
  expect((await used([refused], {}, { despiteServer: true })).result.kind).toBe('usable');
  const ended = heldWith({ refused: { at: now, by: 'issuer', message: 'over' } });
  expect((await used([ended], {}, { despiteServer: true })).result.kind).toBe('expired');
});

test('an issuer that is down does no harm while the old token is good, and is noted', async () => {
  const down: Partial<RefreshPorts> = {
    refresh: async () => ({ kind: 'failed', failure: { kind: 'noAnswer' }, message: 'it is down' }),
  };
  const held = heldWith({ expiresAt: later(20_000), obtainedAt: minutes(-60) });
  const { result, kept } = await used([held], down);
  const refreshFailed = { at: now, message: 'it is down', failures: 1, retryAt: later(30_000) };
  const noted = { ...held, grant: { ...held.grant, refreshFailed } };
  expect(kept).toEqual([noted]);
  expect(result).toEqual({ kind: 'usable', held: noted, tokens });
  expect((await used([held], down, { stale: 'generation-1' })).result.kind).toBe('retryLater');
  const over = heldWith({ expiresAt: now });
  expect((await used([over], down)).result.kind).toBe('retryLater');
});

test('a refresh that failed is tried again after 30 s, doubled each time, at most after 10 minutes', () => {
  expect([1, 2, 3, 4, 5, 6, 2000].map((failures) => nextRefreshAt(failures, now))).toEqual(
    [30, 60, 120, 240, 480, 600, 600].map((seconds) => later(seconds * 1000)),
  );
  const refused = {
    kind: 'refused',
    code: 'made_up',
    isPage: false,
    client: 'registered',
  } as const;
  expect([399, 400].map((status) => endsGrant({ ...refused, status }))).toEqual([false, true]);
});
