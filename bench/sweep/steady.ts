/**
 * A steady sweep of 10,000 healthy servers: what it asks of the API server, and what it takes
 * besides the probes. Every server is on one loopback address, so that a probe is as cheap as it
 * gets. The probes by themselves run beside the sweep, round by round, and are taken off.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { startBus } from '../../local/event-bus.ts';
import { median } from '../figures.ts';
import { type Contender, contender, helper, type Lap } from '../laps.ts';
import type { Part, Peer, Result, Size } from '../part.ts';
import { peerProgram } from '../peers.ts';
import { type Tally, tallySchema } from './api-tally.ts';
import { sweepProcess } from './sweep-settings.ts';

const sizes = {
  full: { servers: 10_000, pageSize: 500, rounds: 7, warmUps: 2 },
  small: { servers: 300, pageSize: 20, rounds: 1, warmUps: 1 },
} as const satisfies Record<Size, object>;

const kubectlPeer = peerProgram('kubectl');

export const part: Part = {
  name: 'steady',
  title: 'A steady sweep of 10,000 healthy servers',
  measure,
};

const siteSchema = z.object({ kubeconfig: z.string(), control: z.string() });
type Round = {
  readonly sweep: Lap;
  readonly tally: Tally;
  readonly probes: Lap;
  readonly lists: Lap;
  readonly pieces: Lap;
  readonly kubectlMs?: number;
};

async function measure(size: Size): Promise<Result> {
  const { servers, pageSize, rounds, warmUps } = sizes[size];
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const contenders: Contender[] = [];
  const started = (file: string, ...args: readonly string[]): Contender => {
    const one = contender(fileOf(file), { args, ...sweepProcess });
    contenders.push(one);
    return one;
  };
  const bus = await startBus([]);
  const site = await helper(fileOf('./sweep-site.ts'), { args: [String(servers), '1', '0'] });
  try {
    const { kubeconfig, control } = siteSchema.parse(site.told);
    const config = join(folder, 'kubeconfig');
    await writeFile(config, kubeconfig);
    const page = String(pageSize);
    const sweep = started('./sweep-runner.ts', kubeconfig, page);
    const probes = started('./probes-alone.ts', kubeconfig, bus.url);
    const lists = started('./lists-alone.ts', 'whole', kubeconfig, bus.url, page);
    const pieces = started('./lists-alone.ts', 'pieces', kubeconfig, bus.url, page);
    const first = await sweep.lap();
    if (first.counts['written'] !== servers)
      throw new Error(`The first sweep wrote ${first.counts['written']} of ${servers} servers.`);
    const round = async (): Promise<Round> => {
      await taken(control);
      const swept = await sweep.lap();
      const tally = await taken(control);
      const kubectlMs = kubectlPeer.kind === 'found' ? await kubectlCpuMs(config) : undefined;
      return {
        sweep: swept,
        tally,
        probes: await probes.lap(),
        lists: await lists.lap(),
        pieces: await pieces.lap(),
        ...(kubectlMs !== undefined && { kubectlMs }),
      };
    };
    for (let warmUp = 0; warmUp < warmUps; warmUp += 1) await round();
    const measured: Round[] = [];
    for (let at = 0; at < rounds; at += 1) measured.push(await round());
    for (const one of measured) check(one, servers);
    return resultOf(measured, servers, pageSize);
  } finally {
    for (const one of contenders) one.end();
    site.end();
    await bus.close();
    await rm(folder, { recursive: true });
  }
}

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const taken = async (control: string): Promise<Tally> =>
  tallySchema.parse(await (await fetch(control)).json());

function check({ sweep, tally, probes, lists, pieces }: Round, servers: number): void {
  const { probed, written, events } = sweep.counts;
  if (probed !== servers || probes.counts['answered'] !== servers)
    throw new Error(`${probed} of ${servers} servers were probed.`);
  if (lists.counts['servers'] !== servers || pieces.counts['servers'] !== servers)
    throw new Error(`${lists.counts['servers']} of ${servers} servers were listed.`);
  if (written !== 0 || events !== 0)
    throw new Error(`A steady sweep wrote ${written} statuses and ${events} Events.`);
  const odd = Object.keys(tally.requests).filter((name) => !expected.has(name));
  if (odd.length > 0 || tally.requests['patch leases'] !== 1)
    throw new Error(`A steady sweep asked for ${JSON.stringify(tally.requests)}.`);
}

const expected: ReadonlySet<string> = new Set([
  'list mcpservers',
  'list mcpservers (names only)',
  'patch leases',
]);

function resultOf(rounds: readonly Round[], servers: number, pageSize: number): Result {
  const each = (of: (round: Round) => number): readonly number[] => rounds.map(of);
  const piece = (name: string) => each(({ pieces }) => (pieces.counts[name] ?? NaN) / servers);
  const kubectl = rounds.flatMap(({ kubectlMs }) => kubectlMs ?? []);
  const peers: readonly Peer[] =
    kubectl.length === rounds.length
      ? [{ name: 'kubectl get -o json', rounds: kubectl.map((ms) => ms / servers) }]
      : [];
  const requests = rounds[0]?.tally.requests ?? {};
  const asked = Object.entries(requests).map(([name, times]) => `${times} ${name}`);
  const plain = median(each(({ pieces }) => pieces.counts['plainBytes'] ?? NaN));
  const zipped = median(each(({ pieces }) => pieces.counts['gzipBytes'] ?? NaN));
  const kilobytes = (bytes: number): string => Math.round(bytes / 1024).toLocaleString('en');
  return {
    rows: [
      {
        measure: 'CPU a server besides the probe',
        unit: 'CPU ms',
        // Of a small size, the difference can be less than the noise.
        rounds: each(({ sweep, probes }) =>
          Math.max(leastCpuMs, (sweep.cpuMs - probes.cpuMs) / servers),
        ),
        aim: { atMost: 0.3 },
      },
      {
        measure: 'lists: CPU a server',
        unit: 'CPU ms',
        rounds: each(({ lists }) => lists.cpuMs / servers),
        peers,
      },
      { measure: 'of it gunzip', unit: 'ms', rounds: piece('gunzipMs') },
      { measure: 'of it JSON', unit: 'ms', rounds: piece('jsonMs') },
      { measure: 'of it the schema', unit: 'ms', rounds: piece('readMs') },
      {
        measure: 'requests to the API server',
        unit: '',
        rounds: each(({ tally }) => Object.values(tally.requests).reduce((sum, n) => sum + n, 0)),
        aim: { atMost: Math.ceil(servers / pageSize) + 1 + lookAheads(servers, pageSize) },
      },
      {
        measure: 'sent by the API server',
        unit: 'KB',
        rounds: each(({ tally }) => tally.bytes / 1024),
      },
      { measure: 'the sweep', unit: 's', rounds: each(({ sweep }) => sweep.ms / 1000) },
    ],
    missing: kubectlPeer.kind === 'missing' ? [kubectlPeer.how] : [],
    notes: [
      `${servers.toLocaleString('en')} servers in pages of ${pageSize}. Requests of one sweep: ${asked.join(', ')}. It writes nothing.`,
      `The pages are ${kilobytes(plain)} KB of JSON, ${kilobytes(zipped)} KB compressed.`,
      `A probe of the same servers takes ${(median(each(({ probes }) => probes.cpuMs)) / servers).toFixed(3)} CPU ms in the same run; it is not in the first row.`,
    ],
  };
}

const leastCpuMs = 0.001;

/** After ten pages the sweep lists names ahead, once for each ten pages that are left. */
const lookAheads = (servers: number, pageSize: number): number =>
  Math.max(0, Math.ceil((servers / pageSize - 10) / 10));

const run = promisify(execFile);

/** User and system time of kubectl, as the shell counts it. */
async function kubectlCpuMs(kubeconfig: string): Promise<number> {
  const script = 'kubectl --kubeconfig "$0" get mcpservers -A -o json >/dev/null && times';
  const { stdout } = await run('bash', ['-c', script, kubeconfig]);
  // The last line is that of the children.
  return [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
}
