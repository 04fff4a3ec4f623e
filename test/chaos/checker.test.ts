/** The checker sees each kind of wrong, and nothing wrong in what is right. */
import { expect, test } from 'vitest';
import { type Rule, rules, violations } from './checker.ts';
import type { History, WriteFact, WrittenCondition, WrittenStatus } from './history.ts';
import { noStatus } from './history.ts';

const begin = Date.UTC(2026, 2, 1);
const at = (seconds: number): number => begin + seconds * 1000;
const text = (seconds: number): string => `${new Date(at(seconds)).toISOString().slice(0, 19)}Z`;

const reachable = (facts: Partial<WrittenCondition> = {}): WrittenCondition => ({
  type: 'Reachable',
  status: 'True',
  reason: 'Responded',
  message: '',
  lastTransitionTime: text(0),
  observedGeneration: 1,
  ...facts,
});
const up: WrittenStatus = {
  state: 'Connected',
  consecutiveFailures: 0,
  lastConnected: text(0),
  lastAttempt: text(0),
  conditions: [reachable()],
};
const down = (failures: number, seconds: number, since = 60): WrittenStatus => ({
  ...up,
  state: failures < 3 ? 'Connecting' : 'Failed',
  lastError: 'Connection refused.',
  consecutiveFailures: failures,
  lastAttempt: text(seconds),
  conditions: [
    reachable({ status: 'False', reason: 'ConnectionRefused', lastTransitionTime: text(since) }),
  ],
});

let runs = 0;
function aWrite(
  seconds: number,
  before: WrittenStatus,
  after: WrittenStatus,
  facts: Partial<WriteFact> = {},
): WriteFact {
  const run = `run ${(runs += 1)}`;
  const probe = {
    run,
    name: 'a',
    uid: 'a-1',
    generation: 1,
    began: at(seconds),
    ended: at(seconds),
  };
  return {
    at: at(seconds),
    run,
    aheadMs: 0,
    name: 'a',
    uid: 'a-1',
    generation: 1,
    isOut: false,
    before,
    after,
    probe,
    ...facts,
  };
}

/** A history of these writes, whose changes were all published. */
function aHistory(writes: readonly WriteFact[], facts: Partial<History> = {}): History {
  const published = writes.map(({ at, uid, name, after }) => {
    const to = after.state ?? '';
    const since = after.conditions[0]?.lastTransitionTime ?? text(0);
    return { at, name, uid, to, id: `${uid}/${new Date(since).toISOString()}/${to}` };
  });
  const probes = writes.flatMap(({ probe }) => probe ?? []);
  return {
    heartbeatMs: 300_000,
    ended: at(600),
    writes,
    probes,
    published,
    untold: new Set(),
    deleted: new Map(),
    presences: [],
    disturbed: [],
    end: [],
    ...facts,
  };
}

const outage = [
  aWrite(0, noStatus, up),
  aWrite(60, up, down(1, 60)),
  aWrite(120, down(1, 60), down(2, 120)),
  aWrite(180, down(2, 120), down(3, 180)),
];

test('an outage as it should be breaks no rule', () => {
  expect(violations(aHistory(outage))).toEqual([]);
});

const one = (before: WrittenStatus, after: WrittenStatus, facts: Partial<WriteFact> = {}) =>
  aHistory([aWrite(180, before, after, facts)]);
const probed = (facts: object) => ({
  run: 'x',
  name: 'a',
  uid: 'a-1',
  generation: 1,
  began: at(180),
  ended: at(180),
  ...facts,
});
const foreign = reachable({ type: 'Reconciled' });
const later = (seconds: number): WrittenStatus => ({ ...up, lastAttempt: text(seconds) });

const cases: readonly [Rule, string, History][] = [
  ['failedNeverConnecting', 'Failed becomes Connecting', one(down(3, 120), down(2, 180))],
  [
    'connectingTwice',
    'a third failure is Connecting',
    one(down(2, 120), { ...down(3, 180), state: 'Connecting' }),
  ],
  [
    'stateFollowsCondition',
    'state and condition differ',
    one(down(1, 120), { ...down(2, 180), state: 'Connected' }),
  ],
  ['counterCounts', 'one failure counts twice', one(down(3, 120), down(5, 180))],
  [
    'transitionTimeMoves',
    'the time moves and the condition does not',
    one(down(1, 120), down(2, 180, 180)),
  ],
  ['transitionTimeMoves', 'the condition moves and the time does not', one(up, down(1, 180, 0))],
  [
    'generationBehind',
    'a spec is observed that is not there yet',
    one(noStatus, {
      ...up,
      lastAttempt: text(180),
      conditions: [reachable({ observedGeneration: 2, lastTransitionTime: text(180) })],
    }),
  ],
  [
    'newerWins',
    'a probe of a minute ago replaces one of now',
    aHistory([
      aWrite(180, up, down(1, 180, 180)),
      aWrite(190, down(1, 180, 180), later(100), { probe: probed({ ended: at(100) }) }),
    ]),
  ],
  [
    'newerWins',
    'a probe of the old spec is written beside the new one',
    one(up, down(1, 180, 180), { generation: 2 }),
  ],
  [
    'sameObject',
    'a probe of the deleted object is written into the new one',
    one(up, down(1, 180, 180), { probe: probed({ uid: 'a-0' }) }),
  ],
  [
    'oneWriteOfAProbe',
    'one run writes twice',
    aHistory([
      aWrite(180, up, down(1, 180, 180), { run: 'x' }),
      aWrite(181, down(1, 180, 180), down(2, 181, 180), { run: 'x' }),
    ]),
  ],
  [
    'lastConnectedForward',
    'the last good answer is forgotten',
    one(up, { ...down(1, 180, 180), lastConnected: undefined }),
  ],
  [
    'foreignConditions',
    'the condition of another writer is gone',
    one({ ...up, conditions: [reachable(), foreign] }, down(1, 180, 180)),
  ],
  [
    'noNewsNoWrite',
    'the same is written each minute',
    aHistory([60, 120, 180].map((seconds) => aWrite(seconds, later(seconds - 60), later(seconds)))),
  ],
  ['ownerTookOut', 'a suspended server is written', one(up, down(1, 180, 180), { isOut: true })],
  ['published', 'a change is not published', aHistory(outage, { published: [] })],
  [
    'nothingInvented',
    'a change is published that was never written',
    aHistory([], { published: [{ at: 0, id: 'x', name: 'a', uid: 'a-1', to: 'Failed' }] }),
  ],
  [
    'oneMeaningOfAnId',
    'two changes have one id',
    aHistory(outage, {
      published: aHistory(outage).published.flatMap((same) => [same, { ...same, name: 'b' }]),
    }),
  ],
  [
    'notStarved',
    'nobody probes for ten minutes',
    aHistory([], {
      presences: [{ name: 'a', uid: 'a-1', from: at(0), until: at(600), longestGapMs: 90_000 }],
      disturbed: [{ from: at(100), until: at(200) }],
    }),
  ],
  [
    'truthAtTheEnd',
    'a server that is down is Connected',
    aHistory([], {
      end: [{ name: 'a', status: up, state: 'Failed', reasons: ['ConnectionRefused'] }],
    }),
  ],
  [
    'truthAtTheEnd',
    'a status is an hour old',
    aHistory([], {
      ended: at(3600),
      end: [{ name: 'a', status: up, state: 'Connected', reasons: ['Responded'] }],
    }),
  ],
];

test.each(cases)('%s: it is seen that %s', (rule, _what, history) => {
  expect(violations(history).map((violation) => violation.rule)).toContain(rule);
});

test('a run that was disturbed the whole time starves nobody', () => {
  const history = aHistory([], {
    presences: [{ name: 'a', uid: 'a-1', from: at(0), until: at(600), longestGapMs: 90_000 }],
    disturbed: [{ from: at(0), until: at(520) }],
  });
  expect(violations(history)).toEqual([]);
});

test('every rule has its case here', () => {
  expect(new Set(cases.map(([rule]) => rule))).toEqual(new Set(rules));
});
