/** Which outcomes are signs of our own trouble, row by row, and at which counts. */
import { describe, expect, test } from 'vitest';
import {
  detectDisruption,
  needsCheck,
  proberErrorsIn,
} from '../../../functions/reachability/disruption.ts';
import type { Cause, Observation, ProbeOutcome } from '../../../functions/reachability/outcome.ts';
import { aFailure as failing, anAnswer as answered } from '../../world/outcome.ts';
import { aServer, aStatus, connected } from '../../world/server.ts';

const at = (
  outcome: ProbeOutcome,
  hosts: readonly string[],
  status = connected(),
): readonly Observation[] =>
  hosts.map((host) => ({
    server: aServer({ uid: host, url: `https://${host}/mcp`, status }),
    outcome,
  }));
const hosts = (count: number, prefix = 'host') =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index)}.test`);
const found = (...observations: readonly (readonly Observation[])[]) => {
  const page = observations.flat();
  return detectDisruption(page, page.length);
};

describe('the network', () => {
  test.each<Cause>(['refused', 'reset', 'unreachable', 'timeout', 'resolverFailed'])(
    'is suspected when each server fails with %s',
    (cause) => {
      expect(found(at(failing(cause), hosts(5)))).toMatchObject({
        kind: 'local',
        affected: { length: 5 },
      });
    },
  );
  test('is told in numbers: all, or some of the page, on one host or several', () => {
    const message = (...observations: readonly (readonly Observation[])[]) => {
      const disruption = found(...observations);
      return disruption.kind === 'none' ? undefined : disruption.message;
    };
    expect(message(at(failing('timeout'), ['a.test']))).toBe(
      'all 1 servers that were reachable (1 host) became unreachable at the same time',
    );
    expect(message(at(failing('timeout'), ['a.test', 'b.test']))).toBe(
      'all 2 servers that were reachable (2 hosts) became unreachable at the same time',
    );
    expect(message(at(failing('timeout'), hosts(5)), at(answered, hosts(5, 'up')))).toBe(
      '5 of 10 servers that were reachable (5 hosts) became unreachable at the same time',
    );
    expect(message(at(failing('timeout'), hosts(4)), at(answered, hosts(4, 'up')))).toBeUndefined();
  });
  test.each<[string, ProbeOutcome]>([
    ['headers that are too large', { kind: 'headersTooLarge', timings: {} }],
    ['an answer that is not HTTP', failing('notHttp')],
  ])('leaves a doubt when one server gives %s: that came through it', (_what, outcome) => {
    expect(found(at(failing('timeout'), hosts(9)), at(outcome, ['up.test'])).kind).toBe(
      'inconclusive',
    );
  });
  test.each<[string, ProbeOutcome]>([
    ['is refused by policy', { kind: 'refusedByPolicy', message: '', timings: {} }],
    ['cannot be used', { kind: 'unusable', message: '', timings: {} }],
  ])('is not cleared by a server that %s', (_what, outcome) => {
    expect(found(at(failing('timeout'), hosts(9)), at(outcome, ['up.test'])).kind).toBe('local');
  });
});

describe('the certificates', () => {
  test.each<Cause>(['tlsExpired', 'tlsNotYetValid', 'tlsUntrusted', 'tlsHostname'])(
    'are in doubt at 3 hosts when they were good: %s',
    (cause) => {
      const others = at(answered, hosts(5, 'up'));
      expect(found(at(failing(cause), hosts(3)), others)).toMatchObject({
        kind: 'inconclusive',
        affected: { length: 3 },
      });
      const never = aStatus({ state: 'Failed' });
      expect(found(at(failing(cause), hosts(3), never), others).kind).toBe('none');
    },
  );
  test('are not in doubt for a server that speaks no TLS', () => {
    expect(found(at(failing('tlsProtocol'), hosts(3)), at(answered, hosts(5, 'up'))).kind).toBe(
      'none',
    );
  });
});

describe('the resolver', () => {
  const silent = failing('resolverFailed', { timings: { dns: 1 } });
  const dns = { timings: { dns: 1 } };
  test('is told with its zones', () => {
    expect(found(at(silent, hosts(3)), at(answered, hosts(9, 'up')))).toMatchObject({
      kind: 'local',
      message: 'the resolver failed for 3 of 12 servers (3 zones)',
    });
  });
  test('is in doubt in two zones, or in a fifth of them', () => {
    const two = ['a.one.test', 'b.one.test', 'a.two.test'];
    expect(found(at(silent, two), at(answered, hosts(5, 'up'))).kind).toBe('inconclusive');
    const fifteen = [0, 1, 2].flatMap((zone) =>
      hosts(3, 'n').map((name) => `${name.slice(0, 3)}.z${String(zone)}.test`),
    );
    expect(found(at(silent, fifteen), at(answered, hosts(12, 'up'))).kind).toBe('inconclusive');
    expect(found(at(silent, fifteen), at(answered, hosts(11, 'up'))).kind).toBe('local');
  });
  test.each<[ProbeOutcome, boolean]>([
    [{ ...answered, ...dns }, true],
    [failing('timeout', dns), true],
    [failing('nameNotFound', { ...dns, stage: 'dns' }), true],
    [failing('timeout', { ...dns, stage: 'dns' }), false],
    [answered, false],
  ])('answered for other zones when it did for more than it failed for: %j', (outcome, clears) => {
    const failed = at(silent, ['a.one.test', 'b.one.test', 'c.one.test'], aStatus());
    const others = at(outcome, ['a.two.test', 'a.three.test'], aStatus());
    expect(found(failed, others).kind).toBe(clears ? 'none' : 'inconclusive');
  });
  test('could not be asked for others: both count together', () => {
    const failed = at(silent, ['a.one.test', 'b.one.test'], aStatus());
    const refused = { kind: 'proberTrouble', detail: '', ...dns } as const;
    const others = at(refused, ['a.two.test', 'a.three.test'], aStatus());
    expect(found(failed, others)).toMatchObject({
      kind: 'local',
      message: 'the resolver failed for 4 of 4 servers (3 zones)',
      affected: failed,
    });
    // Once it has answered, what went wrong later is not its trouble.
    const later = { ...refused, timings: { dns: 1, tcp: 1 } };
    expect(found(failed, at(later, ['a.two.test', 'a.three.test'], aStatus()))).toEqual({
      kind: 'none',
    });
  });
  test.each<[string, readonly string[], number]>([
    ['one owner', ['a.one.test', 'b.one.test', 'c.d.one.test'], 1],
    ['one owner below a registry', ['a.one.co.uk', 'b.one.co.uk', 'c.one.co.uk'], 1],
    ['several owners below a registry', ['a.one.co.uk', 'b.two.co.uk', 'c.three.co.uk'], 3],
    ['no registry, only a name like one', ['a.co.info', 'b.co.info', 'c.co.info'], 1],
    ['a name with a dot at its end', ['one.test', 'one.test.', 'a.one.test.'], 1],
    ['Services inside the cluster', ['a.team-a.svc', 'b.team-b.svc', 'c.team-c.svc'], 1],
    ['names that begin with a number', ['1.one.test', '2.two.test', '3.three.test'], 3],
  ])('counts the zones of %s', (_what, names, zones) => {
    const disruption = found(at(silent, names));
    const message = disruption.kind === 'none' ? '' : disruption.message;
    expect(/\((\d+) zones?\)/.exec(message)?.[1]).toBe(String(zones));
  });
});

test('the surest suspicion is the one that is told', () => {
  const both = found(
    at(failing('tlsExpired'), hosts(6, 'tls')),
    at(failing('resolverFailed'), hosts(6)),
  );
  expect(both).toMatchObject({
    kind: 'local',
    message: 'the resolver failed for 6 of 12 servers (6 zones)',
    affected: { length: 12 },
  });
});

test('one server that may not be held back any longer is enough to ask', () => {
  const old = new Date('2026-01-01T00:00:00Z');
  const now = new Date(old.getTime() + 600_000);
  const recent = { ...connected(), lastAttempt: now };
  const page = [
    ...at(failing('timeout'), hosts(5), recent),
    ...at(failing('timeout'), ['old.test']),
  ];
  const spans = { heartbeatMs: 300_000, tickMs: 60_000 };
  expect(needsCheck(detectDisruption(page, 6), now, spans)).toBe(true);
  expect(needsCheck(detectDisruption(page.slice(0, 5), 5), now, spans)).toBe(false);
});

test('the cause of a prober error is cut at 200 characters', () => {
  const trouble: ProbeOutcome = { kind: 'proberTrouble', detail: 'x'.repeat(300), timings: {} };
  const [, cause = ''] = /: (x.*)$/.exec(proberErrorsIn(at(trouble, ['a.test']), 1) ?? '') ?? [];
  expect(cause).toHaveLength(200);
});
