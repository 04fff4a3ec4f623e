/**
 * The product broken on purpose, a way for each rule: chaos sees it. What is replaced here is one
 * decision or one adapter; everything else is what is deployed.
 */
import { afterEach, expect, test, vi } from 'vitest';
import type * as statusModule from '../../functions/reachability/status.ts';
import type * as dueModule from '../../functions/reachability/due.ts';
import type * as kubernetesModule from '../../functions/adapters/cluster/kubernetes.ts';
import type * as outboxModule from '../../functions/adapters/dynamodb/outbox.ts';
import type * as eventbridgeModule from '../../functions/adapters/eventbridge.ts';
import type { Outbox } from '../../functions/reachability/state-changes.ts';
import type { StateChange } from '../../functions/model/bus-events.ts';
import type { McpServer, PatchStatus, Status } from '../../functions/model/mcpserver.ts';
import { type Rule, rules, violations } from './checker.ts';
import { runScript } from './run-script.ts';
import { scriptOf } from './script.ts';

type Break = {
  /** The status that a sweep would write; undefined: none. */
  readonly status?: (
    next: Status | undefined,
    server: McpServer,
    always: () => Status,
  ) => Status | undefined;
  readonly due?: (isDue: boolean, server: McpServer, now: Date) => boolean;
  readonly patch?: (patch: PatchStatus) => PatchStatus;
  readonly fresh?: (server: McpServer) => McpServer;
  readonly outbox?: (outbox: Outbox) => Outbox;
  readonly published?: (changes: readonly StateChange[]) => readonly StateChange[];
};

const broken = vi.hoisted((): { by: Break } => ({ by: {} }));

vi.mock('../../functions/reachability/status.ts', async (importOriginal) => {
  const original = await importOriginal<typeof statusModule>();
  const statusToWrite: typeof original.statusToWrite = (server, verdict, now, rules) => {
    const next = original.statusToWrite(server, verdict, now, rules);
    const always = (): Status => original.nextStatus(server, verdict, now);
    return broken.by.status === undefined ? next : broken.by.status(next, server, always);
  };
  return { ...original, statusToWrite };
});
vi.mock('../../functions/reachability/due.ts', async (importOriginal) => {
  const original = await importOriginal<typeof dueModule>();
  const isDue: typeof original.isDue = (server, now, tickMs) => {
    const is = original.isDue(server, now, tickMs);
    return broken.by.due?.(is, server, now) ?? is;
  };
  return { ...original, isDue };
});
vi.mock('../../functions/adapters/cluster/kubernetes.ts', async (importOriginal) => {
  const original = await importOriginal<typeof kubernetesModule>();
  const statusPatcher: typeof original.statusPatcher = (cluster, trace) => {
    const patch = original.statusPatcher(cluster, trace);
    return broken.by.patch?.(patch) ?? patch;
  };
  const serverReader: typeof original.serverReader = (cluster) => {
    const read = original.serverReader(cluster);
    return async (namespace, name) => {
      const server = await read(namespace, name);
      return server === undefined ? undefined : (broken.by.fresh?.(server) ?? server);
    };
  };
  return { ...original, statusPatcher, serverReader };
});
vi.mock('../../functions/adapters/dynamodb/outbox.ts', async (importOriginal) => {
  const original = await importOriginal<typeof outboxModule>();
  const tableOutbox: typeof original.tableOutbox = (options) => {
    const outbox = original.tableOutbox(options);
    return broken.by.outbox?.(outbox) ?? outbox;
  };
  return { ...original, tableOutbox };
});
vi.mock('../../functions/adapters/eventbridge.ts', async (importOriginal) => {
  const original = await importOriginal<typeof eventbridgeModule>();
  const changePublisher: typeof original.changePublisher = (client, bus) => {
    const publish = original.changePublisher(client, bus);
    return (changes) => publish(broken.by.published?.(changes) ?? changes);
  };
  return { ...original, changePublisher };
});

afterEach(() => {
  broken.by = {};
});

/** Changes what is written, where something is. */
const written =
  (change: (next: Status, server: McpServer) => Status): NonNullable<Break['status']> =>
  (next, server) =>
    next === undefined ? undefined : change(next, server);

const unfenced: Break = {
  patch: (patch) => (server, next) => patch({ ...server, resourceVersion: '' }, next),
};

const breaks: readonly [Rule, string, Break][] = [
  [
    'failedNeverConnecting',
    'a failure after Failed begins at one again',
    {
      status: written((next, { status }) =>
        status.state === 'Failed' && next.state === 'Failed'
          ? { ...next, state: 'Connecting', consecutiveFailures: 1 }
          : next,
      ),
    },
  ],
  [
    'connectingTwice',
    'the third failure is Connecting',
    {
      status: written((next) =>
        next.consecutiveFailures === 3 ? { ...next, state: 'Connecting' } : next,
      ),
    },
  ],
  [
    'stateFollowsCondition',
    'state is not written',
    { status: written((next, { status }) => ({ ...next, state: status.state ?? 'Connected' })) },
  ],
  [
    'counterCounts',
    'a failure counts twice',
    {
      status: written((next) =>
        next.consecutiveFailures === 2
          ? { ...next, consecutiveFailures: 4, state: 'Failed' }
          : next,
      ),
    },
  ],
  [
    'transitionTimeMoves',
    'each write moves the time of its conditions',
    {
      status: written((next) => ({
        ...next,
        conditions: next.conditions.map((condition) => ({
          ...condition,
          lastTransitionTime: next.lastAttempt ?? condition.lastTransitionTime,
        })),
      })),
    },
  ],
  [
    'generationBehind',
    'the next spec counts as observed',
    {
      status: written((next, { generation }) => ({
        ...next,
        conditions: next.conditions.map((condition) => ({
          ...condition,
          observedGeneration: generation + 1,
        })),
      })),
    },
  ],
  ['newerWins', 'writes are not fenced', unfenced],
  ['sameObject', 'writes are not fenced', unfenced],
  ['ownerTookOut', 'writes are not fenced', unfenced],
  [
    'oneWriteOfAProbe',
    'a write whose answer was lost is not recognized',
    {
      fresh: ({ status: { lastAttempt: _ours, ...status }, ...server }) => ({ ...server, status }),
    },
  ],
  [
    'lastConnectedForward',
    'a failure forgets the last good answer',
    {
      status: written((next) => {
        const { lastConnected: _gone, ...rest } = next;
        return next.state === 'Connected' ? next : rest;
      }),
    },
  ],
  [
    'foreignConditions',
    'only our own conditions are written',
    {
      status: written((next) => ({
        ...next,
        conditions: next.conditions.filter(({ type }) => type !== 'Reconciled'),
      })),
    },
  ],
  ['noNewsNoWrite', 'each probe is written', { status: (_next, _server, always) => always() }],
  [
    'published',
    'what is in the outbox is never looked at',
    { outbox: (outbox) => ({ ...outbox, pending: async () => [] }) },
  ],
  [
    'published',
    'the next writer does not confirm the change before',
    {
      outbox: (outbox) => ({ ...outbox, record: (change) => outbox.record(change, undefined) }),
    },
  ],
  [
    'nothingInvented',
    'an id says when it was published',
    {
      published: (changes) => changes.map((one) => ({ ...one, id: `${one.id}/${one.reason}` })),
    },
  ],
  [
    'oneMeaningOfAnId',
    'an id stands for whatever comes next, too',
    {
      published: (changes) =>
        changes.flatMap((one) => [one, { ...one, id: changes[0]?.id ?? one.id }]),
    },
  ],
  [
    'notStarved',
    'a server that failed waits for ten minutes',
    {
      due: (isDue, { status }, now) =>
        isDue &&
        (status.state === 'Connected' ||
          now.getTime() - (status.lastAttempt?.getTime() ?? 0) > 600_000),
    },
  ],
  [
    'truthAtTheEnd',
    'what was Connected stays so',
    { status: (next, { status }) => (status.state === 'Connected' ? undefined : next) },
  ],
];

const mostSeeds = 15;

test.each(breaks)('%s: chaos sees it when %s', { timeout: 120_000 }, async (rule, _what, by) => {
  broken.by = by;
  const seen = new Set<Rule>();
  for (let seed = 1; seed <= mostSeeds && !seen.has(rule); seed += 1)
    for (const violation of violations(await runScript(scriptOf(seed)))) seen.add(violation.rule);
  expect([...seen]).toContain(rule);
});

test('every rule has been broken', () => {
  expect(new Set(breaks.map(([rule]) => rule))).toEqual(new Set(rules));
});
