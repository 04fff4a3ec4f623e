/** The laws of docs/state-and-session.md, docs/operate.md and the design, over what was seen. */
import type {
  History,
  ProbeFact,
  Stretch,
  WriteFact,
  WrittenCondition,
  WrittenStatus,
} from './history.ts';

export const rules = [
  'failedNeverConnecting',
  'connectingTwice',
  'stateFollowsCondition',
  'counterCounts',
  'transitionTimeMoves',
  'generationBehind',
  'newerWins',
  'sameObject',
  'oneWriteOfAProbe',
  'lastConnectedForward',
  'foreignConditions',
  'noNewsNoWrite',
  'ownerTookOut',
  'published',
  'nothingInvented',
  'oneMeaningOfAnId',
  'notStarved',
  'truthAtTheEnd',
] as const;
export type Rule = (typeof rules)[number];

export type Violation = { readonly rule: Rule; readonly about: string; readonly detail: string };

const own: ReadonlySet<string> = new Set([
  'Reachable',
  'AuthRequired',
  'SpeaksMCP',
  'StateContended',
]);
const passing: ReadonlySet<string> = new Set([
  'ConnectionRefused',
  'ConnectionReset',
  'HostUnreachable',
  'Timeout',
  'UpstreamUnavailable',
]);

/** Everything that must not have happened. */
export function violations(history: History): readonly Violation[] {
  const byObject = [...groups(history.writes, ({ uid }) => uid).values()];
  return [
    ...history.writes.flatMap(ofOneWrite),
    ...byObject.flatMap(ofTheOrder),
    ...byObject.flatMap((writes) => ofHeartbeats(writes, history.heartbeatMs)),
    ...ofPublication(history),
    ...ofStarvation(history),
    ...ofTheEnd(history),
  ];
}

const groups = <Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> => {
  const map = new Map<string, Item[]>();
  for (const item of items) {
    const group = map.get(keyOf(item));
    if (group === undefined) map.set(keyOf(item), [item]);
    else group.push(item);
  }
  return map;
};

const find = ({ conditions }: WrittenStatus, type: string): WrittenCondition | undefined =>
  conditions.find((condition) => condition.type === type);

/** The sweep's own word, from its condition and counter. */
function wordOf(status: WrittenStatus): 'Connected' | 'Connecting' | 'Failed' | undefined {
  const reachable = find(status, 'Reachable');
  if (reachable === undefined || reachable.status === 'Unknown') return undefined;
  if (reachable.status === 'True') return 'Connected';
  return passing.has(reachable.reason) && status.consecutiveFailures < 3 ? 'Connecting' : 'Failed';
}

/** What was last said of the server: while Reachable is Unknown, `state` keeps it. */
const lastWordOf = (status: WrittenStatus): string | undefined => wordOf(status) ?? status.state;

function ofOneWrite(write: WriteFact): readonly Violation[] {
  const { before, after, name, at } = write;
  const found: Violation[] = [];
  const wrong = (rule: Rule, detail: string): void => {
    found.push({ rule, about: `${name} at ${time(at)}`, detail: `${detail} (run ${write.run})` });
  };
  const [was, is] = [find(before, 'Reachable'), find(after, 'Reachable')];
  const [from, to] = [lastWordOf(before), lastWordOf(after)];

  if (is === undefined) wrong('stateFollowsCondition', 'no condition Reachable');
  if (after.state !== to)
    wrong('stateFollowsCondition', `state ${after.state} beside Reachable of ${to}`);
  if (from === 'Failed' && after.state === 'Connecting')
    wrong('failedNeverConnecting', 'Failed became Connecting');
  if (after.state === 'Connecting' && is?.status !== 'Unknown') {
    if (after.consecutiveFailures !== 1 && after.consecutiveFailures !== 2)
      wrong('connectingTwice', `Connecting at failure ${after.consecutiveFailures}`);
  }

  const isObserved = is !== undefined && is.status !== 'Unknown';
  if (isObserved) {
    const counted = before.consecutiveFailures + 1;
    const allowed =
      is.status === 'True'
        ? [0]
        : // A new spec counts from one; what was Failed stays so by its counter.
          [counted, ...(isNewSpec(was, is) ? [1, 3] : []), ...(from === 'Failed' ? [3] : [])];
    if (!allowed.includes(after.consecutiveFailures))
      wrong(
        'counterCounts',
        `${before.consecutiveFailures} failures became ${after.consecutiveFailures}`,
      );
  } else if (after.consecutiveFailures !== before.consecutiveFailures)
    wrong('counterCounts', 'the counter moved without an observation');

  for (const condition of after.conditions.filter(({ type }) => own.has(type))) {
    const previous = find(before, condition.type);
    const hasMoved = previous?.lastTransitionTime !== condition.lastTransitionTime;
    const hasChanged = previous?.status !== condition.status;
    if (hasMoved && !hasChanged)
      wrong('transitionTimeMoves', `${condition.type} stays ${condition.status}, its time moved`);
    if (
      hasChanged &&
      condition.status !== 'Unknown' &&
      condition.lastTransitionTime !== after.lastAttempt
    )
      wrong(
        'transitionTimeMoves',
        `${condition.type} became ${condition.status} and its time is ${condition.lastTransitionTime}`,
      );
    if ((condition.observedGeneration ?? 0) > write.generation)
      wrong('generationBehind', `${condition.type} observed ${condition.observedGeneration}`);
  }

  const { probe } = write;
  if (probe !== undefined) {
    if (probe.uid !== write.uid) wrong('sameObject', `the probe was of ${probe.uid}`);
    if (isObserved && is.observedGeneration !== probe.generation)
      wrong('generationBehind', `observed ${is.observedGeneration}, probed ${probe.generation}`);
    if (probe.generation !== write.generation)
      wrong('newerWins', `probed ${probe.generation}, wrote into ${write.generation}`);
  }
  if (write.isOut) wrong('ownerTookOut', 'written although its owner took it out');

  if (before.lastConnected !== undefined && after.lastConnected === undefined)
    wrong('lastConnectedForward', `${before.lastConnected} is forgotten`);

  for (const foreign of before.conditions.filter(({ type }) => !own.has(type))) {
    if (JSON.stringify(find(after, foreign.type)) !== JSON.stringify(foreign))
      wrong('foreignConditions', `the condition ${foreign.type} of another writer is not the same`);
  }
  return found;
}

const isNewSpec = (was: WrittenCondition | undefined, is: WrittenCondition): boolean =>
  was !== undefined && (was.observedGeneration ?? 0) < (is.observedGeneration ?? 0);

/** Of the writes of one object. */
function ofTheOrder(writes: readonly WriteFact[]): readonly Violation[] {
  const found: Violation[] = [];
  const byRun = groups(writes, ({ run }) => run);
  for (const [run, [first, ...more]] of byRun) {
    if (first !== undefined && more.length > 0)
      found.push({
        rule: 'oneWriteOfAProbe',
        about: `${first.name} at ${time(first.at)}`,
        detail: `run ${run} wrote ${1 + more.length} times`,
      });
  }
  let newest: WriteFact | undefined;
  let connected: WriteFact | undefined;
  for (const write of writes) {
    const known = newest?.probe;
    const [earlier, later] = [write.before.lastConnected, write.after.lastConnected];
    // Two clocks that differ may write the same moment as an earlier one.
    const isOneClock = Math.abs(aheadAtProbe(connected ?? write) - aheadAtProbe(write)) < 2_000;
    if (isOneClock && earlier !== undefined && later !== undefined && later < earlier)
      found.push({
        rule: 'lastConnectedForward',
        about: `${write.name} at ${time(write.at)}`,
        detail: `${earlier} became ${later}`,
      });
    if (later !== earlier) connected = write;
    // Two clocks that differ cannot be ordered by what they wrote.
    const isComparable = newest !== undefined && newest.aheadMs === write.aheadMs;
    if (isComparable && isOlder(write.probe, known))
      found.push({
        rule: 'newerWins',
        about: `${write.name} at ${time(write.at)}`,
        detail: `a probe that ended at ${time(write.probe?.ended)} replaced one that began at ${time(known?.began)}`,
      });
    newest = write;
  }
  return found;
}

/** How far the clock was ahead when the probe ended: it may have been set before the write. */
const aheadAtProbe = ({ probe, after, aheadMs }: WriteFact): number =>
  probe === undefined || after.lastAttempt === undefined
    ? aheadMs
    : Date.parse(after.lastAttempt) - probe.ended;

const isOlder = (one: ProbeFact | undefined, other: ProbeFact | undefined): boolean =>
  one !== undefined && other !== undefined && one.run !== other.run && one.ended < other.began;

/** A write that says nothing new comes once in a heartbeat, at a moment of the server's own. */
function ofHeartbeats(writes: readonly WriteFact[], heartbeatMs: number): readonly Violation[] {
  const silent = writes.filter(({ before, after }) => !isNews(before, after));
  return silent.flatMap((third, index) => {
    const first = silent[index - 2];
    if (first === undefined) return [];
    const between = writes.filter(({ at }) => at >= first.at && at <= third.at);
    // Another clock has other moments.
    if (between.some(({ aheadMs }) => aheadMs !== third.aheadMs)) return [];
    const [began, ended] = [first, third].map(({ after }) => Date.parse(after.lastAttempt ?? ''));
    const span = (ended ?? 0) - (began ?? 0);
    if (span >= heartbeatMs - 1000) return [];
    return [
      {
        rule: 'noNewsNoWrite' as const,
        about: `${third.name} at ${time(third.at)}`,
        detail: `three writes without news in ${span / 1000} s`,
      },
    ];
  });
}

function isNews(before: WrittenStatus, after: WrittenStatus): boolean {
  const isStillFailed =
    wordOf(before) === 'Failed' &&
    wordOf(after) === 'Failed' &&
    before.nextRetryAfter === after.nextRetryAfter;
  const essence = (status: WrittenStatus): string =>
    JSON.stringify([
      status.state,
      isStillFailed ? '' : status.lastError,
      isStillFailed ? 0 : status.consecutiveFailures,
      status.nextRetryAfter,
      [...own].map((type) => {
        const condition = find(status, type);
        return (
          condition && [
            condition.status,
            condition.reason,
            isStillFailed ? '' : condition.message,
            condition.observedGeneration,
          ]
        );
      }),
    ]);
  return essence(before) !== essence(after);
}

function ofPublication(history: History): readonly Violation[] {
  const { writes, published, untold, deleted, ended } = history;
  const changes = writes.flatMap((write) => {
    const to = wordOf(write.after);
    const since = find(write.after, 'Reachable')?.lastTransitionTime;
    if (to === undefined || since === undefined || to === lastWordOf(write.before)) return [];
    return [{ write, to, id: `${write.uid}/${new Date(since).toISOString()}/${to}` }];
  });
  const sent = groups(published, ({ id }) => id);
  const happened = new Set(changes.map(({ id }) => id));
  const missing = changes.filter(
    ({ id, write }) =>
      !sent.has(id) &&
      !untold.has(id) &&
      // Nobody is told about what is no more.
      (deleted.get(write.uid) ?? ended) >= ended,
  );
  return [
    ...missing.map(({ id, write }) => ({
      rule: 'published' as const,
      about: `${write.name} at ${time(write.at)}`,
      detail: `${id} was never published (run ${write.run})`,
    })),
    ...published
      .filter(({ id }) => !happened.has(id))
      .map(({ id, name, at }) => ({
        rule: 'nothingInvented' as const,
        about: `${name} at ${time(at)}`,
        detail: `${id} was published and never written`,
      })),
    ...[...sent.values()].flatMap((same) => {
      const meanings = new Set(same.map(({ name, uid, to }) => `${name} ${uid} ${to}`));
      return meanings.size === 1
        ? []
        : [
            {
              rule: 'oneMeaningOfAnId' as const,
              about: same[0]?.name ?? '',
              detail: [...meanings].join(', '),
            },
          ];
    }),
  ];
}

function ofStarvation({ presences, probes, disturbed }: History): readonly Violation[] {
  const byUid = groups(probes, ({ uid }) => uid);
  return presences.flatMap(({ name, uid, from, until, longestGapMs }) => {
    const began = (byUid.get(uid) ?? []).map(({ began }) => began);
    const times = [from, ...began.filter((at) => at > from && at < until).sort(ascending), until];
    return times.slice(1).flatMap((end, index) => {
      const begin = times[index] ?? end;
      if (end - begin <= longestGapMs) return [];
      const quietMs = quietIn({ from: begin, until: end }, disturbed);
      if (quietMs <= longestGapMs) return [];
      return [
        {
          rule: 'notStarved' as const,
          about: `${name} at ${time(end)}`,
          detail: `not probed for ${quietMs / 1000} quiet seconds, at most ${longestGapMs / 1000}`,
        },
      ];
    });
  });
}

const ascending = (one: number, other: number): number => one - other;

/** How much of a stretch lies outside of all others. */
function quietIn({ from, until }: Stretch, disturbed: readonly Stretch[]): number {
  let quiet = 0;
  let at = from;
  for (const one of disturbed.toSorted((left, right) => left.from - right.from)) {
    if (one.until <= at) continue;
    if (one.from >= until) break;
    quiet += Math.max(0, one.from - at);
    at = one.until;
  }
  return quiet + Math.max(0, until - at);
}

function ofTheEnd({ end, heartbeatMs, ended }: History): readonly Violation[] {
  return end.flatMap(({ name, status, state, reasons, authRequired }) => {
    const wrong = (detail: string): Violation => ({
      rule: 'truthAtTheEnd',
      about: name,
      detail,
    });
    const reason = find(status, 'Reachable')?.reason ?? 'nothing';
    const signIn = find(status, 'AuthRequired')?.status;
    const failures = status.consecutiveFailures;
    const isCounted =
      state === 'Connected' ? failures === 0 : failures >= (passing.has(reason) ? 3 : 1);
    return [
      ...(status.state === state ? [] : [wrong(`state is ${status.state}, not ${state}`)]),
      ...(reasons.includes(reason)
        ? []
        : [wrong(`reason is ${reason}, not ${reasons.join(' or ')}`)]),
      ...(authRequired === undefined || authRequired === signIn
        ? []
        : [wrong(`AuthRequired is ${signIn}, not ${authRequired}`)]),
      ...(isCounted ? [] : [wrong(`${failures} failures in ${state}`)]),
      // It may still wait as long as it asked for.
      ...(ended - Date.parse(status.nextRetryAfter ?? status.lastAttempt ?? '') <= 2 * heartbeatMs
        ? []
        : [wrong(`its last observation is of ${status.lastAttempt}`)]),
    ];
  });
}

const time = (at: number | undefined): string =>
  at === undefined ? '?' : new Date(at).toISOString().slice(11, 23);
