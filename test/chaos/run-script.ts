/** Runs a script in virtual time, through the code that is deployed. */
import { eventWriter } from '../../functions/adapters/cluster/events.ts';
import {
  pageLister,
  pageSkipper,
  serverReader,
  statusPatcher,
} from '../../functions/adapters/cluster/kubernetes.ts';
import { leaseRenewer } from '../../functions/adapters/cluster/lease.ts';
import { changeHistory } from '../../functions/adapters/dynamodb/change-history.ts';
import { tableOutbox } from '../../functions/adapters/dynamodb/outbox.ts';
import { changePublisher, pageSender } from '../../functions/adapters/eventbridge.ts';
import { defined } from '../../functions/model/defined.ts';
import { parseJson } from '../../functions/model/json.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import type { SweepCursor } from '../../functions/reachability/fanout.ts';
import { stableJitter } from '../../functions/reachability/jitter.ts';
import type { ProbeOutcome } from '../../functions/reachability/outcome.ts';
import { runSweep, type SweepPorts } from '../../functions/reachability/run-sweep.ts';
import { longestRunMs } from '../../functions/reachability/state-changes.ts';
import { saysNothingOfSignIn, seen, settled, type Truth } from './conditions.ts';
import { type FaultyWorld, faultyWorld, isOut, type Run, statusOf } from './faulty-world.ts';
import type { EndFact, History, Presence, ProbeFact, Stretch } from './history.ts';
import { random, type Fault, type Script, type ScriptedServer, type Trouble } from './script.ts';
import { type VirtualTime, virtualTime } from './virtual-time.ts';

const begin = Date.UTC(2026, 2, 1);
const tickMs = 60_000;
const heartbeatMs = 5 * 60_000;
/** Three hangs in a row, a heartbeat and the bound of the prober's doubt fit into it. */
const quietMs = 13 * 60_000;
/** What EventBridge and a cold start take, and a sweep of all pages. */
const lateMs = 30_000;

export type RunFacts = History & {
  readonly invocations: number;
  /** Why invocations failed, each with how often. */
  readonly failures: ReadonlyMap<string, number>;
};

/** Runs one script to its end. The same script gives the same history. */
export async function runScript(script: Script): Promise<RunFacts> {
  const chance = Math.random;
  // Backoffs of the product are by chance: here they are by the seed.
  Math.random = random(script.seed);
  try {
    return await play(script);
  } finally {
    Math.random = chance;
  }
}

async function play(script: Script): Promise<RunFacts> {
  const time = virtualTime(begin);
  const probes: ProbeFact[] = [];
  const failures = new Map<string, number>();
  let invocations = 0;
  const dice = (key: string): number => stableJitter(`${script.seed} ${key}`, 1);
  const { faults } = script;
  const hitBy = <Kind extends Trouble['kind']>(
    kind: Kind,
    key: string,
  ): (Extract<Trouble, { kind: Kind }> & { readonly id: number }) | undefined => {
    const seconds = (time.now() - begin) / 1000;
    for (const { id, from, until, chance, trouble } of faults) {
      if (seconds < from || seconds >= until || !isKind(trouble, kind)) continue;
      if (dice(`${id} ${key}`) < chance) return { ...trouble, id };
    }
    return undefined;
  };
  const counts = new Map<string, number>();
  const once = (key: string): string => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return `${key} #${count}`;
  };

  const truths = new Map<string, Truth>(script.servers.map(({ name, begins }) => [name, begins]));

  const invoke = (cursorOf: (now: Date) => SweepCursor, name: string): void => {
    const key = once(name);
    if (hitBy('throttle', key) !== undefined) return;
    time.at(time.now() + 50 + 900 * dice(`start ${key}`), () => {
      invocations += 1;
      const isSkewed = (fault: Fault): boolean => dice(`${fault.id} ${key}`) < fault.chance;
      const clocks = faults.filter((fault) => fault.trouble.kind === 'clock' && isSkewed(fault));
      const aheadMs = (): number => {
        const seconds = (time.now() - begin) / 1000;
        const clock = clocks.find(({ from, until }) => seconds >= from && seconds < until);
        return clock?.trouble.kind === 'clock' ? clock.trouble.aheadSeconds * 1000 : 0;
      };
      let isAlive = true;
      const kill = (): void => void (isAlive = false);
      time.at(time.now() + longestRunMs, kill);
      if (hitBy('crash', key) !== undefined)
        // Most runs are short: a point within the first second, or within the hang of a server.
        time.at(time.now() + (dice(`how ${key}`) < 0.6 ? 900 : 12_000) * dice(`when ${key}`), kill);
      const run: Run = {
        key,
        isAlive: () => isAlive,
        aheadMs,
        hits: (kind, call) => hitBy(kind, `${key} ${call}`),
        luck: (call) => dice(`${key} ${call}`),
      };
      const ports = mortal(
        portsOf(time, world, run, (server, classify) => probe(run, server, classify)),
        () => isAlive,
      );
      const started = ports.now();
      runSweep(cursorOf(started), started, ports, {
        tickMs,
        heartbeatMs,
        concurrency: 50,
        pageSize: script.pageSize,
      }).catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        failures.set(message, (failures.get(message) ?? 0) + 1);
      });
    });
  };

  const world = faultyWorld(time, (detail, sender) => {
    const cursor = pageOf(detail);
    const name = `page ${cursor.tick} ${cursor.hop} ${cursor.continue}`;
    const how = sender.hits('pages', name)?.how;
    if (how === 'lost') return;
    const late = how === 'late' ? 75_000 * sender.luck(`late ${name}`) : 0;
    const copies = how === 'twice' ? [0, 20_000 * sender.luck(`copy ${name}`)] : [0];
    for (const more of copies)
      time.at(time.now() + 60 + 200 * sender.luck(name) + late + more, () =>
        invoke(() => cursor, name),
      );
  });

  const probe = async (run: Run, server: McpServer, classify: boolean): Promise<ProbeOutcome> => {
    const began = time.now();
    const truth = truths.get(server.name) ?? { is: 'nameless' };
    const lost = hitBy('network', 'of the prober')?.how;
    const { outcome, ms } = lost === undefined ? seen(truth, began, classify) : ofLoss(lost);
    await time.sleep(ms + 150 * run.luck(`probe ${server.name}`));
    probes.push({
      run: run.key,
      name: server.name,
      uid: server.uid,
      generation: server.generation,
      began,
      ended: time.now(),
    });
    return outcome;
  };

  const portsOf = (
    time: VirtualTime,
    world: FaultyWorld,
    run: Run,
    probe: (server: McpServer, classify: boolean) => Promise<ProbeOutcome>,
  ): SweepPorts => {
    const now = (): Date => new Date(time.now() + run.aheadMs());
    const cluster = world.clusterOf(run);
    const bus = world.busOf(run);
    return {
      now,
      probe: (server, { classify }) => probe(server, classify),
      listPage: pageLister(cluster),
      skipPage: pageSkipper(cluster),
      readServer: serverReader(cluster),
      patchStatusFor: (trace) => statusPatcher(cluster, trace),
      renewLease: leaseRenewer(cluster, {
        namespace: 'muster',
        name: 'muster-sweep',
        durationMs: 3 * tickMs,
      }),
      queuePage: pageSender(bus, 'muster'),
      publish: changePublisher(bus, 'muster'),
      outbox: tableOutbox({ table: world.tableOf(run), now }),
      keepChanges: changeHistory({ table: world.tableOf(run), now }).keep,
      recordEvents: eventWriter(cluster),
      isOnline: async () => {
        await time.sleep(30);
        return hitBy('network', 'of the prober') === undefined;
      },
      backOff: (attempt) => time.sleep(Math.random() * 200 * attempt),
    };
  };

  const presences = presenceBook(time, script);
  for (const server of script.servers) {
    presences.came(server, world.create(server.name).metadata.uid);
    for (const step of server.steps)
      time.at(begin + step.at * 1000, () => {
        const before = world.read(server.name);
        switch (step.kind) {
          case 'becomes':
            truths.set(server.name, step);
            return;
          case 'newSpec':
            world.change(server.name, { spec: { description: `at ${step.at}` } });
            return;
          case 'recreated':
            presences.went(server.name);
            world.remove(server.name);
            presences.came(server, world.create(server.name).metadata.uid);
            return;
          case 'suspended':
          case 'labelledOff':
            presences.went(server.name);
            world.change(
              server.name,
              step.kind === 'suspended' ? { spec: { suspended: true } } : { label: 'off' },
            );
            return;
          case 'resumed':
          case 'labelledOn': {
            world.change(
              server.name,
              step.kind === 'resumed' ? { spec: { suspended: false } } : { label: 'on' },
            );
            const after = world.read(server.name);
            if (before !== undefined && after !== undefined && isOut(before) && !isOut(after))
              presences.came(server, after.metadata.uid);
            return;
          }
          case 'deleted':
            presences.went(server.name);
            world.remove(server.name);
            return;
          case 'created':
            if (before === undefined)
              presences.came(server, world.create(server.name).metadata.uid);
            return;
          case 'noted':
            world.change(server.name, { note: `at ${step.at}` });
        }
      });
  }

  // What it asked for before, and between three failures.
  const longestAsked = 3 * Math.max(0, ...script.servers.flatMap(askedBy)) * 1000;
  const ended = begin + script.stormSeconds * 1000 + quietMs + longestAsked;
  schedule({ time, hitBy, dice, invoke, world, ended });
  await time.run(ended);

  return {
    heartbeatMs,
    ended,
    writes: withProbes(world, probes),
    probes,
    published: world.published,
    untold: world.untold,
    deleted: world.deleted,
    presences: presences.closed(),
    disturbed: script.faults.map(disturbedBy),
    end: world.all().flatMap((object): readonly EndFact[] => {
      const { name } = object.metadata;
      const truth = truths.get(name);
      if (isOut(object) || truth === undefined || truth.is === 'flapping') return [];
      const scripted = script.servers.find((server) => server.name === name);
      return [
        defined({
          name,
          status: statusOf(object),
          ...expected(truth.is, scripted),
          authRequired: signInOf(truth, scripted),
        }),
      ];
    }),
    invocations,
    failures,
  };
}

type HitBy = <Kind extends Trouble['kind']>(
  kind: Kind,
  key: string,
) => (Extract<Trouble, { kind: Kind }> & { readonly id: number }) | undefined;

/** The ticks of EventBridge Scheduler, and what expires tokens. */
function schedule({
  time,
  hitBy,
  dice,
  invoke,
  world,
  ended,
}: {
  readonly time: VirtualTime;
  readonly hitBy: HitBy;
  readonly dice: (key: string) => number;
  readonly invoke: (cursorOf: (now: Date) => SweepCursor, name: string) => void;
  readonly world: FaultyWorld;
  readonly ended: number;
}): void {
  for (let tick = begin + tickMs; tick < ended; tick += tickMs) {
    const at = new Date(tick).toISOString();
    const name = `tick ${at}`;
    const start = (): void =>
      invoke((now) => ({ tick: at, began: now.toISOString(), hop: 0, everything: false }), name);
    time.at(tick, () => {
      const how = hitBy('tick', name)?.how;
      const late = 4_000 * dice(`${name} comes`);
      if (how === 'lost') return;
      time.at(tick + late + (how === 'late' ? 75_000 * dice(`${name} late`) : 0), start);
      if (how === 'twice') time.at(tick + late + 8_000 * dice(`${name} again`), start);
      if (how === 'byHand')
        time.at(tick + 55_000 * dice(`${name} hand`), () =>
          invoke((now) => {
            const began = now.toISOString();
            return { tick: began, began, hop: 0, everything: true };
          }, `hand ${at}`),
        );
    });
    for (let part = 0; part < 60; part += 1)
      time.at(tick + part * 1_000, () => {
        if (hitBy('expiry', `${name} ${part}`) !== undefined) world.expireTokens();
      });
  }
}

/** A run that ends does nothing more: none of its calls is answered. */
function mortal(ports: SweepPorts, isAlive: () => boolean): SweepPorts {
  const never = (): Promise<never> => new Promise(() => {});
  const call =
    <Given extends readonly unknown[], Result>(port: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      if (!isAlive()) return never();
      try {
        const result = await port(...given);
        return isAlive() ? result : await never();
      } catch (error) {
        if (!isAlive()) return never();
        throw error;
      }
    };
  return {
    now: ports.now,
    probe: call(ports.probe),
    listPage: call(ports.listPage),
    skipPage: call(ports.skipPage),
    readServer: call(ports.readServer),
    patchStatusFor: (trace) => call(ports.patchStatusFor(trace)),
    renewLease: call(ports.renewLease),
    queuePage: call(ports.queuePage),
    publish: call(ports.publish),
    outbox: {
      record: call(ports.outbox.record),
      pending: call(ports.outbox.pending),
      remove: call(ports.outbox.remove),
    },
    keepChanges: call(ports.keepChanges),
    recordEvents: call(ports.recordEvents),
    isOnline: call(ports.isOnline),
    backOff: call(ports.backOff),
  };
}

const isKind = <Kind extends Trouble['kind']>(
  trouble: Trouble,
  kind: Kind,
): trouble is Extract<Trouble, { kind: Kind }> => trouble.kind === kind;

const ofLoss = (
  how: Extract<Trouble, { kind: 'network' }>['how'],
): { readonly outcome: ProbeOutcome; readonly ms: number } =>
  how === 'noRoute'
    ? {
        ms: 3,
        outcome: {
          kind: 'unreachable',
          cause: 'unreachable',
          stage: 'tcp',
          detail: 'ENETUNREACH',
          timings: { dns: 1, tcp: 2 },
        },
      }
    : {
        ms: 2_000,
        outcome: {
          kind: 'unreachable',
          cause: 'resolverFailed',
          stage: 'dns',
          detail: 'SERVFAIL',
          timings: { dns: 2_000 },
        },
      };

function pageOf(detail: string): SweepCursor {
  const cursor: SweepCursor = JSON.parse(JSON.stringify(parseJson(detail)));
  return cursor;
}

/** Each write with the probe of its run. */
function withProbes(world: FaultyWorld, probes: readonly ProbeFact[]): History['writes'] {
  const byRun = new Map(probes.map((probe) => [`${probe.run} ${probe.name}`, probe]));
  return world.writes.map((write) =>
    defined({ ...write, probe: byRun.get(`${write.run} ${write.name}`) }),
  );
}

const truthsOf = ({ begins, steps }: ScriptedServer): readonly Truth[] => [
  begins,
  ...steps.flatMap((step) => (step.kind === 'becomes' ? [step] : [])),
];

const askedBy = (server: ScriptedServer): readonly number[] =>
  truthsOf(server).map(({ retryAfterSeconds = 0 }) => retryAfterSeconds);

/**
 * Where a sign-in was asked for and a later request showed nothing, it is looked for again within
 * the hour.
 */
function expected(
  is: Exclude<Truth['is'], 'flapping'>,
  server: ScriptedServer | undefined,
): Pick<EndFact, 'state' | 'reasons'> {
  const { state, reasons } = settled[is];
  const mayBeKept =
    (is === 'open' || is === 'notFound') &&
    server !== undefined &&
    truthsOf(server).some((truth) => saysNothingOfSignIn.has(truth.is));
  return { state, reasons: mayBeKept ? [...reasons, 'AuthenticationRequired'] : reasons };
}

/** What AuthRequired has to be, where the design says when it is looked for. */
function signInOf({ is }: Truth, server: ScriptedServer | undefined): string | undefined {
  if (is === 'signIn' || is === 'forbidden') return 'True';
  const isClear =
    server !== undefined && !truthsOf(server).some((truth) => saysNothingOfSignIn.has(truth.is));
  return is === 'open' && isClear ? 'False' : undefined;
}

/** What a fault leaves behind is over a tick after it: late messages, backoffs, a run of a minute. */
const disturbedBy = ({ from, until, trouble }: Fault): Stretch => ({
  from: begin + from * 1000 - 2 * tickMs,
  until:
    begin +
    until * 1000 +
    2 * tickMs +
    // What a clock wrote that was a little ahead waits for it to come.
    (trouble.kind === 'clock' ? 3 * tickMs : 0),
});

function presenceBook(time: VirtualTime, script: Script) {
  const open = new Map<string, Omit<Presence, 'until'>>();
  const closed: Presence[] = [];
  const went = (name: string): void => {
    const one = open.get(name);
    if (one === undefined) return;
    closed.push({ ...one, until: time.now() });
    open.delete(name);
  };
  // A tick, and what the server itself is the reason of.
  const gapOf = (server: ScriptedServer): number => {
    const asked = Math.max(...askedBy(server)) * 1000;
    const mayHang =
      truthsOf(server).some(({ is }) => is === 'hangs') ||
      script.faults.some(({ trouble }) => trouble.kind === 'network');
    return tickMs + lateMs + Math.max(asked, mayHang ? 132_000 + tickMs / 2 : 0);
  };
  return {
    came: (server: ScriptedServer, uid: string): void => {
      open.set(server.name, {
        name: server.name,
        uid,
        from: time.now(),
        longestGapMs: gapOf(server),
      });
    },
    went,
    closed: (): readonly Presence[] => {
      for (const name of open.keys()) went(name);
      return closed;
    },
  };
}
