import { describe, expect, test } from 'vitest';
import type { Cause, ProbeOutcome, Observation } from '../../../functions/reachability/outcome.ts';
import {
  detectDisruption,
  mayBeDoubted,
  maySuppress,
  needsCheck,
  proberErrorsIn,
} from '../../../functions/reachability/disruption.ts';
import { aFailure as failing, anAnswer as answered } from '../../world/outcome.ts';
import { aServer, aStatus, connected } from '../../world/server.ts';

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

const allCauses: readonly Cause[] = [
  'nameNotFound',
  'resolverFailed',
  'refused',
  'reset',
  'unreachable',
  'timeout',
  'tlsExpired',
  'tlsNotYetValid',
  'tlsUntrusted',
  'tlsHostname',
  'tlsProtocol',
  'clientCertificateRequired',
  'notHttp',
];
const isDoubted = (outcome: ProbeOutcome): boolean => mayBeDoubted({ server: aServer(), outcome });

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
  test.each([
    ['somebody answers', answered],
    ['a certificate came through it', failing('tlsExpired')],
  ])('is in doubt when most fail at the same time and %s: it may be gone since', (_what, outcome) =>
    expect(
      detectDisruption([...seen(failing('timeout'), 9), ...seen(outcome, 1, aStatus())], 10),
    ).toMatchObject({ kind: 'inconclusive', affected: { length: 9 } }),
  );
  test('is not suspected for a fifth of the page, or for one host of many, when others answer', () => {
    expect(detectDisruption([...seen(failing('timeout'), 5), ...seen(answered, 20)], 25).kind).toBe(
      'none',
    );
    expect(
      detectDisruption(
        [...seen(failing('refused'), 9, connected(), true), ...seen(answered, 1)],
        10,
      ).kind,
    ).toBe('none');
  });
  test.each<[string, ProbeOutcome]>([
    // The resolver of a VPC answers behind a NAT gateway that is down.
    ['a name that does not exist', failing('nameNotFound')],
    ['an answer of our own proxy', { ...answered, status: 407 }],
    ['an answer that came through the API server', { ...answered, via: 'Through the API server' }],
    ['a prober error', { kind: 'proberTrouble', detail: 'EMFILE', timings: {} }],
  ])('is not cleared by %s', (_what, outcome) =>
    expect(detectDisruption([...seen(failing('timeout'), 9), ...seen(outcome, 1)], 10).kind).toBe(
      'local',
    ),
  );
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
  // Written by a clock that was ahead: nobody knows how old it is.
  expect([at(-2), at(-2.1)]).toEqual([true, false]);
  expect(maySuppress(aServer(), new Date(), spans)).toBe(false);
});

describe('our own clock', () => {
  const expired = (count: number, sameHost = false) =>
    seen(failing('tlsNotYetValid'), count, connected(), sameHost);
  test('is in doubt when certificates of many hosts become invalid at the same time', () =>
    expect(detectDisruption([...expired(5), ...seen(answered, 5)], 10)).toMatchObject({
      kind: 'inconclusive',
      message: 'certificates of 5 of 10 servers became invalid at the same time',
      affected: { length: 5 },
    }));
  test('is not in doubt for one certificate of many servers, or for a few', () => {
    expect(detectDisruption([...expired(5, true), ...seen(answered, 5)], 10).kind).toBe('none');
    expect(detectDisruption([...expired(2), ...seen(answered, 5)], 7).kind).toBe('none');
  });
});

describe('a resolver that answers for other zones', () => {
  const dns = { timings: { dns: 1 } };
  const named = (outcome: ProbeOutcome, hosts: readonly string[]): readonly Observation[] =>
    hosts.map((host) => ({
      server: aServer({ uid: host, url: `https://${host}/mcp`, status: connected() }),
      outcome,
    }));
  const failed = named(
    { ...failing('resolverFailed'), ...dns },
    Array.from({ length: 4 }, (_, index) => `mcp-${index}.corp.test`),
  );
  test('is not suspected for the zone that it fails for', () => {
    const others = named({ ...answered, ...dns }, ['a.one.test', 'b.two.test', 'c.three.test']);
    expect(detectDisruption([...failed, ...others], 7).kind).toBe('none');
    // Not even when they are so many that the network would be in doubt.
    const many = Array.from({ length: 8 }, (_, index) => `mcp-${index}.corp.test`);
    const all = named({ ...failing('resolverFailed'), ...dns }, many);
    expect(detectDisruption([...all, ...others], 11).kind).toBe('none');
  });
  test('is in doubt where no other zone, or no more zones than it failed for, were found', () => {
    expect(detectDisruption([...failed, ...named(answered, ['192.0.2.1'])], 5).kind).toBe(
      'inconclusive',
    );
    const one = named({ ...answered, ...dns }, ['a.one.test']);
    expect(detectDisruption([...failed, ...one], 5).kind).toBe('inconclusive');
  });
});

describe('prober errors', () => {
  const trouble: ProbeOutcome = { kind: 'proberTrouble', detail: 'EMFILE', timings: {} };
  const proxied: ProbeOutcome = { ...answered, status: 407 };
  test('of this machine are told from the first one on', () =>
    expect(proberErrorsIn([...seen(trouble, 1), ...seen(answered, 9)], 10)).toBe(
      'prober errors for 1 of 10 servers: EMFILE',
    ));
  test('of a proxy count only for a part of the page: one server may answer 407 by itself', () => {
    expect(proberErrorsIn([...seen(proxied, 1), ...seen(answered, 9)], 10)).toBeUndefined();
    expect(proberErrorsIn(seen(proxied, 9, connected(), true), 9)).toBeUndefined();
    expect(proberErrorsIn([...seen(proxied, 3), ...seen(answered, 7)], 10)).toBe(
      'a proxy in the network of the prober answered for 3 of 10 servers',
    );
  });
});

describe('the check of the connection', () => {
  const spans = { heartbeatMs: 300_000, tickMs: 60_000 };
  const written = Date.parse('2026-01-01T00:00:00Z');
  const asked = (observations: readonly Observation[], minutes: number): boolean =>
    needsCheck(
      detectDisruption(observations, observations.length),
      new Date(written + minutes * 60_000),
      spans,
    );
  test('decides when the page leaves a doubt, and otherwise past the bound', () => {
    expect(asked(seen(answered, 5), 60)).toBe(false);
    expect(asked(seen(failing('timeout'), 4), 1)).toBe(true);
    expect(asked(seen(failing('timeout'), 5), 7.9)).toBe(false);
    expect(asked(seen(failing('timeout'), 5), 8)).toBe(true);
  });
});

describe('a verdict that is written before the page has ended', () => {
  const outcomes: readonly ProbeOutcome[] = [
    answered,
    { ...answered, status: 407 },
    { kind: 'headersTooLarge', timings: {} },
    { kind: 'refusedByPolicy', message: '', timings: {} },
    { kind: 'unusable', message: '', timings: {} },
    { kind: 'proberTrouble', detail: '', timings: { dns: 1 } },
    ...allCauses.map((cause) => failing(cause)),
  ];
  test.each(outcomes.filter((outcome) => !isDoubted(outcome)))(
    'is never taken back by the page: %o',
    (outcome) => {
      for (const other of outcomes)
        for (const [own, others] of [
          [1, 9],
          [5, 5],
          [10, 0],
        ] as const) {
          const page = [...seen(outcome, own), ...seen(other, others)];
          const disruption = detectDisruption(page, 10);
          const affected = disruption.kind === 'none' ? [] : disruption.affected;
          expect(affected.filter((one) => one.outcome === outcome && outcome !== other)).toEqual(
            [],
          );
        }
    },
  );
  test('is no failure of the network, the resolver or a certificate', () =>
    expect(allCauses.filter((cause) => !isDoubted(failing(cause)))).toEqual([
      'nameNotFound',
      'tlsProtocol',
      'clientCertificateRequired',
      'notHttp',
    ]));
});
