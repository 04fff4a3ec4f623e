/**
 * A discrete simulation of the sweep for fleets of 100 to 100,000 servers, of which none, some or
 * all hang: ten minutes from the moment that they begin to. What is due, judged and written is
 * decided by the product's own functions; the times of the world around it are the assumptions
 * below. Run: npm run bench -- scale
 */
import { fileURLToPath } from 'node:url';
import { classify } from '../../functions/reachability/classify.ts';
import { isDue } from '../../functions/reachability/due.ts';
import type { ProbeOutcome } from '../../functions/reachability/outcome.ts';
import { shardPages, pagesBeforeFanOut } from '../../functions/reachability/fanout.ts';
import { stableJitter } from '../../functions/reachability/jitter.ts';
import { nextStatus, reasonToWrite } from '../../functions/reachability/status.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import { heartbeatOf } from '../../infra/arguments/capacity.ts';

/**
 * Milliseconds. Those of the functions are measured (`npm run bench -- first`), those of AWS and
 * Kubernetes are assumed, on the slow side.
 */
const assumed = {
  tick: 60_000,
  /** From PutEvents to the first line of the next runner: the bus, and a start that is warm. */
  hop: 500,
  coldStart: 900,
  listPage: 300,
  /** Names only, for a shard. */
  listNames: 600,
  answer: 150,
  /** min(spec.timeout, 10 s) */
  hang: 10_000,
  /**
   * CPU of one probe, with its part of list and writes: 0.9 ms measured on a whole core; 512 MB of
   * Lambda are 0.29 of one.
   */
  probeCpu: 3.1,
  write: 20,
  /** Status writes that one API server takes in a second. */
  writesASecond: 1000,
} as const;
const pageSize = 500;
const concurrency = 400;
const parallelWrites = 16;
const ticks = 10;

export type Scale = {
  readonly servers: number;
  readonly hangingShare: number;
  readonly heartbeatSeconds: number;
  readonly invocations: number;
  /** Of the worst tick, in seconds after it. */
  readonly lastPageStarts: number;
  readonly sweepEnds: number;
  readonly lambdasAtOnce: number;
  readonly lists: number;
  readonly worstWrites: number;
  /** A second, over the last three ticks. */
  readonly steadyWrites: number;
  readonly announced: number;
  readonly socketsOfARunner: number;
  /** Of all runners in a tick once it is steady. */
  readonly lambdaSeconds: number;
};

type Runner = { readonly start: number; readonly end: number };

/**
 * When each page of a tick begins, in milliseconds: one runner hands to the next, until shards run
 * side by side.
 */
export function pageStarts(pages: number, shards = true): readonly number[] {
  const starts: number[] = [];
  let at = assumed.coldStart;
  const chain = shards ? Math.min(pages, pagesBeforeFanOut) : pages;
  for (let page = 0; page < chain; page += 1, at += assumed.listPage + assumed.hop) starts.push(at);
  // The last of them runs ahead over the names, and starts a shard for each stretch behind it.
  let scout = (starts.at(-1) ?? 0) + assumed.listPage + assumed.listNames;
  for (let first = chain; first < pages; first += shardPages, scout += assumed.listNames) {
    const ofLane = Math.min(shardPages, pages - first);
    for (let page = 0; page < ofLane; page += 1)
      starts.push(scout + assumed.hop + page * (assumed.listPage + assumed.hop));
  }
  return starts;
}

export function simulate(servers: number, hangingShare: number, shards = true): Scale {
  const heartbeatSeconds = heartbeatOf(servers);
  const began = Date.UTC(2026, 0, 1);
  const fleet = Array.from(
    { length: servers },
    (_, index): McpServer => aServer(index, began, heartbeatSeconds),
  );
  const isHanging = (index: number): boolean => (index * 7919) % 1000 < hangingShare * 1000;
  const pages = Math.max(1, Math.ceil(servers / pageSize));
  const starts = pageStarts(pages, shards);
  const result: {
    runners: Runner[];
    writes: number;
    changes: number;
    sockets: number;
    lambdaMs: number;
  }[] = [];

  for (let tick = 0; tick < ticks; tick += 1) {
    const tickAt = new Date(began + tick * assumed.tick);
    const runners: Runner[] = [];
    let writes = 0;
    let changes = 0;
    let sockets = 0;
    for (const [page, start] of starts.entries()) {
      const own = { due: 0, hanging: 0, writes: 0 };
      for (
        let index = page * pageSize;
        index < Math.min(servers, (page + 1) * pageSize);
        index += 1
      ) {
        const server = fleet[index];
        if (server === undefined || !isDue(server, tickAt, assumed.tick)) continue;
        own.due += 1;
        if (isHanging(index)) own.hanging += 1;
        const now = new Date(
          tickAt.getTime() + start + (isHanging(index) ? assumed.hang : assumed.answer),
        );
        const next = nextStatus(server, classify(isHanging(index) ? hung : answered), now);
        if (reasonToWrite(server, next, now, heartbeatSeconds * 1000) === undefined) continue;
        own.writes += 1;
        if (next.state !== server.status.state) changes += 1;
        fleet[index] = { ...server, status: next };
      }
      const waves = Math.ceil(own.hanging / concurrency) * assumed.hang;
      const probing = Math.max(
        waves,
        own.due * assumed.probeCpu,
        own.due === 0 ? 0 : assumed.answer,
      );
      const writing = Math.ceil(own.writes / parallelWrites) * assumed.write;
      runners.push({ start, end: start + assumed.listPage + probing + writing });
      writes += own.writes;
      sockets = Math.max(sockets, Math.min(own.due, concurrency));
    }
    const lambdaMs = runners.reduce((sum, { start, end }) => sum + end - start, 0);
    result.push({ runners, writes, changes, sockets, lambdaMs });
  }
  const worst = (of: (one: (typeof result)[number]) => number): number =>
    Math.max(...result.map(of));
  const scouts = shards ? Math.max(0, Math.ceil((pages - pagesBeforeFanOut) / shardPages)) : 0;
  // The API server is the narrowest place when everything fails at once: what it cannot take at
  // once makes the sweep longer.
  const ends = (one: (typeof result)[number]): number =>
    Math.max(
      ...one.runners.map(({ end }) => end),
      Math.min(...one.runners.map(({ end }) => end)) + (one.writes / assumed.writesASecond) * 1000,
    );
  const steady = result.slice(-3);
  return {
    servers,
    hangingShare,
    heartbeatSeconds,
    invocations: pages,
    lastPageStarts: Math.max(...starts) / 1000,
    sweepEnds: worst(ends) / 1000,
    lambdasAtOnce: worst(({ runners }) => mostAtOnce(runners)),
    lists: pages + scouts,
    worstWrites: worst(({ writes }) => writes),
    steadyWrites:
      steady.reduce((sum, { writes }) => sum + writes, 0) / steady.length / (assumed.tick / 1000),
    announced: worst(({ changes }) => changes),
    socketsOfARunner: worst(({ sockets }) => sockets),
    lambdaSeconds: steady.reduce((sum, { lambdaMs }) => sum + lambdaMs, 0) / steady.length / 1000,
  };
}

const answered: ProbeOutcome = {
  kind: 'answered',
  status: 401,
  bearerChallenge: true,
  timings: {},
};
const hung: ProbeOutcome = {
  kind: 'unreachable',
  stage: 'headers',
  cause: 'timeout',
  detail: 'No answer within 10 s.',
  // A failure within a second would be tried in every sweep.
  timings: { headers: assumed.hang },
};

/** One that has been up for long: its status is as old as its last heartbeat. */
function aServer(index: number, began: number, heartbeatSeconds: number): McpServer {
  const periodMs = heartbeatSeconds * 1000;
  const server: McpServer = {
    namespace: 'default',
    name: `server-${index}`,
    uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    generation: 1,
    resourceVersion: '1',
    type: 'streamable-http',
    url: `https://server-${index}.example.com/mcp`,
    headers: {},
    headersDigest: '',
    timeoutMs: 10_000,
    autoStart: false,
    singleSignOn: undefined,
    status: { consecutiveFailures: 0, conditions: [] },
  };
  // A second later, because status has whole seconds.
  const lastHeartbeat = new Date(
    began - ((began + stableJitter(server.uid, periodMs)) % periodMs) + 1000,
  );
  return { ...server, status: nextStatus(server, classify(answered), lastHeartbeat) };
}

function mostAtOnce(runners: readonly Runner[]): number {
  const moves = runners.flatMap(({ start, end }) => [
    { at: start, by: 1 },
    { at: end, by: -1 },
  ]);
  let now = 0;
  let most = 0;
  for (const { by } of moves.toSorted((one, other) => one.at - other.at || one.by - other.by))
    most = Math.max(most, (now += by));
  return most;
}

const columns: readonly (readonly [string, (scale: Scale) => string])[] = [
  ['servers', ({ servers }) => servers.toLocaleString('en')],
  ['hanging', ({ hangingShare }) => `${hangingShare * 100} %`],
  ['last page starts s', ({ lastPageStarts }) => lastPageStarts.toFixed(1)],
  ['sweep ends s', ({ sweepEnds }) => sweepEnds.toFixed(1)],
  ['Lambdas at once', ({ lambdasAtOnce }) => String(lambdasAtOnce)],
  ['lists a tick', ({ lists }) => String(lists)],
  ['writes in the worst tick', ({ worstWrites }) => worstWrites.toLocaleString('en')],
  ['writes a second, steady', ({ steadyWrites }) => steadyWrites.toFixed(1)],
  ['changes in the worst tick', ({ announced }) => announced.toLocaleString('en')],
];

/** A table in Markdown, as it is in docs/operate.md. */
export function table<Row>(
  columns: readonly (readonly [string, (row: Row) => string])[],
  rows: readonly Row[],
): string {
  const lines = [
    columns.map(([name]) => name),
    columns.map(() => '---:'),
    ...rows.map((row) => columns.map(([, cell]) => cell(row))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export const fleets = [100, 1_000, 10_000, 100_000] as const;
export const shares = [0, 0.05, 1] as const;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(
    table(
      columns,
      fleets.flatMap((servers) => shares.map((share) => simulate(servers, share))),
    ),
  );
  const alone = pageStarts(Math.ceil(100_000 / pageSize), false).at(-1) ?? 0;
  console.log(
    `\nWithout shards the last page of 100,000 servers would start ${(alone / 1000).toFixed(0)} s after its tick.`,
  );
}
