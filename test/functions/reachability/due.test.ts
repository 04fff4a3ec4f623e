import { describe, expect, test } from 'vitest';
import { isClassificationDue, isDue } from '../../../functions/reachability/due.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { aCondition, aServer, aStatus, connected } from '../../world/server.ts';

const now = new Date('2026-03-01T12:00:00Z');
const seconds = (count: number): Date => new Date(now.getTime() + count * 1000);
const tickMs = 60_000;

describe('due', () => {
  const rows: readonly (readonly [string, McpServer, boolean])[] = [
    ['a server nobody probed is due', aServer(), true],
    ['a healthy server is due in every sweep', aServer({ status: connected() }), true],
    ['a stdio server is never due', aServer({ type: 'stdio' }), false],
    [
      'a failing server waits for its retry',
      aServer({ status: aStatus({ nextRetryAfter: seconds(31) }) }),
      false,
    ],
    [
      'a retry at most half a tick away is due',
      aServer({ status: aStatus({ nextRetryAfter: seconds(30) }) }),
      true,
    ],
    [
      'a retry in the past is due',
      aServer({ status: aStatus({ nextRetryAfter: seconds(-600) }) }),
      true,
    ],
    [
      'a retry further away than any of ours is not believed',
      aServer({ status: aStatus({ nextRetryAfter: seconds(7200) }) }),
      true,
    ],
    [
      'a new spec is due at once',
      aServer({
        generation: 2,
        status: aStatus({
          nextRetryAfter: seconds(300),
          conditions: [aCondition({ observedGeneration: 1 })],
        }),
      }),
      true,
    ],
    ['autoStart does not matter', aServer({ autoStart: false, status: connected() }), true],
  ];
  test.each(rows)('%s', (_sentence, server, expected) =>
    expect(isDue(server, now, tickMs)).toBe(expected),
  );
});

describe('whether a sign-in is asked for is found out', () => {
  test('when it is not known', () =>
    expect(isClassificationDue(aServer(), now, tickMs)).toBe(true));
  test('when the spec is newer', () =>
    expect(isClassificationDue(aServer({ generation: 2, status: connected() }), now, tickMs)).toBe(
      true,
    ));
  test('when it is known to be so', () =>
    expect(isClassificationDue(aServer({ status: connected('True') }), now, tickMs)).toBe(true));
  test('otherwise in exactly one sweep of every 12 hours', () => {
    for (const uid of ['a', 'b', 'c']) {
      const server = aServer({ uid, status: connected() });
      const sweeps = Array.from({ length: 24 * 60 }, (_, minute) =>
        isClassificationDue(server, seconds(minute * 60), tickMs),
      );
      expect(sweeps.filter(Boolean)).toHaveLength(2);
    }
  });
});
