import { describe, expect, test } from 'vitest';
import type { Cause, ProbeOutcome, Observation } from '../../../functions/reachability/outcome.ts';
import { maySuppress, detectDisruption } from '../../../functions/reachability/disruption.ts';
import { aServer, aStatus, connected } from '../../world/server.ts';

const answered: ProbeOutcome = {
  kind: 'answered',
  status: 200,
  bearerChallenge: false,
  timings: {},
};
const failing = (cause: Cause): ProbeOutcome => ({
  kind: 'unreachable',
  stage: 'tcp',
  cause,
  detail: '',
  timings: {},
});
const seen = (
  outcome: ProbeOutcome,
  count: number,
  status = connected(),
  sameHost = false,
): readonly Observation[] =>
  Array.from({ length: count }, (_, index) => ({
    server: aServer({
      uid: `${index}`,
      url: `http://host-${sameHost ? 0 : index}.example/mcp`,
      status,
    }),
    outcome,
  }));

describe('our own resolver', () => {
  test('is suspected when it fails for 3 servers and more than a fifth of the page', () => {
    const observations = [...seen(failing('resolverFailed'), 3), ...seen(answered, 11)];
    expect(detectDisruption(observations, 14)).toMatchObject({
      kind: 'local',
      affected: { length: 3 },
    });
  });
  test('is not suspected for a fifth of the page', () =>
    expect(
      detectDisruption([...seen(failing('resolverFailed'), 3), ...seen(answered, 12)], 15).kind,
    ).toBe('none'));
  test('is not suspected for two servers', () =>
    expect(
      detectDisruption([...seen(failing('resolverFailed'), 2), ...seen(answered, 1)], 3).kind,
    ).toBe('none'));
  test('is not suspected when names do not exist', () =>
    expect(detectDisruption(seen(failing('nameNotFound'), 10), 10).kind).toBe('none'));
});

describe('name servers of one owner', () => {
  const atHosts = (outcome: ProbeOutcome, hosts: readonly string[]): readonly Observation[] =>
    hosts.map((host, index) => ({
      server: aServer({
        uid: host,
        url: `https://${host}:${8000 + index}/mcp`,
        status: connected(),
      }),
      outcome,
    }));
  const numbered = (count: number, domain: string): readonly string[] =>
    Array.from({ length: count }, (_, index) => `host-${index}.${domain}`);
  const others = atHosts(answered, numbered(10, 'others.example').concat('a.test', 'b.test'));

  test.each(['hostile.example', 'deep.down.hostile.example', 'hostile.co.uk', 'hostile.example.'])(
    'with SERVFAIL for many names in %s are no proof against our resolver',
    (domain) => {
      const failed = atHosts(failing('resolverFailed'), numbered(20, domain));
      expect(detectDisruption([...failed, ...others], 32)).toMatchObject({
        kind: 'inconclusive',
        message: 'the resolver failed for 20 of 32 servers (1 zone)',
      });
    },
  );
  test('who has three of very many zones are no proof against it', () => {
    const zones = atHosts(
      answered,
      Array.from({ length: 15 }, (_, index) => `mcp.org-${index}.test`),
    );
    const failed = ['one.test', 'two.test', 'three.test'].flatMap((domain) =>
      atHosts(failing('resolverFailed'), numbered(5, domain)),
    );
    expect(detectDisruption([...failed, ...zones], 30).kind).toBe('inconclusive');
  });
  test('are not needed for addresses, which count as no zone', () =>
    expect(
      detectDisruption(
        [
          ...atHosts(failing('resolverFailed'), ['a.one.test', 'a.two.test', 'a.three.test']),
          ...atHosts(
            answered,
            Array.from({ length: 11 }, (_, index) => `192.0.2.${index}`),
          ),
          ...atHosts(answered, ['[2001:db8::1]']),
        ],
        14,
      ).kind,
    ).toBe('local'));
  test('are not to blame when names fail in many zones: our resolver is suspected', () => {
    const failed = ['a.one.test', 'b.two.test', 'c.three.co.uk', 'd.four.co.uk'].flatMap((host) =>
      atHosts(failing('resolverFailed'), [host]),
    );
    expect(detectDisruption([...failed, ...others], 16)).toMatchObject({
      kind: 'local',
      affected: { length: 4 },
    });
  });
  test('do not hide that the whole network is down', () =>
    expect(
      detectDisruption(
        [
          ...atHosts(failing('resolverFailed'), numbered(5, 'hostile.example')),
          ...atHosts(failing('timeout'), numbered(5, 'others.example')),
        ],
        10,
      ),
    ).toMatchObject({ kind: 'local', affected: { length: 10 } }));
});

describe('our own network', () => {
  test('is suspected when all that were reachable on 5 hosts fail', () =>
    expect(detectDisruption(seen(failing('timeout'), 5), 5).kind).toBe('local'));
  test('is in doubt with fewer hosts', () =>
    expect(detectDisruption(seen(failing('timeout'), 4), 4).kind).toBe('inconclusive'));
  test('is in doubt with many servers on one host', () =>
    expect(detectDisruption(seen(failing('refused'), 9, connected(), true), 9).kind).toBe(
      'inconclusive',
    ));
  test('is not suspected when anybody answers', () =>
    expect(
      detectDisruption([...seen(failing('timeout'), 9), ...seen(answered, 1, aStatus())], 10).kind,
    ).toBe('none'));
  test('is not suspected when a certificate came through it', () =>
    expect(
      detectDisruption(
        [...seen(failing('timeout'), 9), ...seen(failing('tlsExpired'), 1, aStatus())],
        10,
      ).kind,
    ).toBe('none'));
  test('is not suspected for servers that were not reachable before', () =>
    expect(
      detectDisruption(seen(failing('refused'), 9, aStatus({ state: 'Failed' })), 9).kind,
    ).toBe('none'));
});

test('holding back ends a heartbeat and three ticks after the last written observation', () => {
  const spans = { heartbeatMs: 300_000, tickMs: 60_000 };
  const at = (minutes: number): boolean =>
    maySuppress(
      aServer({ status: connected() }),
      new Date(Date.parse('2026-01-01T00:00:00Z') + minutes * 60_000),
      spans,
    );
  expect([at(7.9), at(8)]).toEqual([true, false]);
  expect(maySuppress(aServer(), new Date(), spans)).toBe(false);
});
