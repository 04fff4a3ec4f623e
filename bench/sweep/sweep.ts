/**
 * One sweep of 1,000 servers that answer after 100 ms, beside two bare loops that only ask:
 * `node:http` and undici. All in one run, in turn, each bundled as functions are and in a process
 * of its own with the heap of a small Lambda; the servers and the cluster are in another one. Run:
 * npm run bench:sweep
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import * as z from 'zod/mini';
import { startBus } from '../../local/event-bus.ts';
import { answerMs, concurrency, servers } from './sweep-size.ts';

const rounds = 7;

const lap = z.object({ ms: z.number(), cpuMs: z.number(), rssMb: z.number() });
type Lap = z.infer<typeof lap>;
const site = z.object({ port: z.number(), kubeconfig: z.string() });

const heap = ['--max-old-space-size=64', '--max-semi-space-size=4'];
const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
const processes: ChildProcess[] = [];

function start(file: string, args: readonly string[], execArgv: readonly string[]): ChildProcess {
  // As in infra/muster.ts.
  const env = {
    ...process.env,
    MALLOC_ARENA_MAX: '2',
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  const child = fork(file, [...args], { env, execArgv: [...execArgv] });
  processes.push(child);
  return child;
}

async function startBundled(name: string, args: readonly string[]): Promise<ChildProcess> {
  const outfile = join(folder, `${name}.mjs`);
  // What is CommonJS inside wants a require.
  const banner = {
    js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
  };
  const entryPoints = [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))];
  await build({
    entryPoints,
    outfile,
    banner,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
  });
  return start(outfile, args, heap);
}

async function reply(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message');
  return message;
}

async function run(child: ChildProcess): Promise<Lap> {
  const answer = reply(child);
  child.send('go');
  return lap.parse(await answer);
}

const bus = await startBus([]);
try {
  const target = start(fileURLToPath(new URL('./sweep-target.ts', import.meta.url)), [], []);
  const { port, kubeconfig } = site.parse(await reply(target));
  const bare = (how: string): Promise<ChildProcess> =>
    startBundled('sweep-bare', [how, String(port)]);
  const sweep = await startBundled('sweep-runner', [kubeconfig, bus.url]);
  const contenders = { 'node:http': await bare('node:http'), undici: await bare('undici'), sweep };
  const first = await run(sweep);
  for (const child of Object.values(contenders)) await run(child); // warm-up
  const laps: Record<keyof typeof contenders, Lap[]> = { 'node:http': [], undici: [], sweep: [] };
  for (let round = 0; round < rounds; round += 1) {
    laps['node:http'].push(await run(contenders['node:http']));
    laps.undici.push(await run(contenders.undici));
    laps.sweep.push(await run(contenders.sweep));
  }
  type Name = keyof typeof laps;
  type Figure = Exclude<keyof Lap, 'rssMb'>;
  const sorted = (name: Name, figure: Figure): number[] =>
    laps[name].map((one) => one[figure]).sort((one, other) => one - other);
  const median = (name: Name, figure: Figure): number =>
    sorted(name, figure)[Math.floor(rounds / 2)] ?? 0;
  const least = (name: Name, figure: Figure): number => sorted(name, figure)[0] ?? 0;
  const spread = (name: Name, figure: Figure, digits: number): string =>
    `[${least(name, figure).toFixed(digits)}-${(sorted(name, figure).at(-1) ?? 0).toFixed(digits)}]`;
  const row = (name: Name): string => {
    const rss = Math.max(...laps[name].map(({ rssMb }) => rssMb));
    return [
      name.padEnd(10),
      `${median(name, 'ms').toFixed(0).padStart(6)} ms ${spread(name, 'ms', 0).padEnd(13)}`,
      `${median(name, 'cpuMs').toFixed(3)} ms ${spread(name, 'cpuMs', 3).padEnd(15)}`,
      `${rss.toFixed(0).padStart(4)} MB`,
    ].join(' ');
  };
  console.log(
    `${servers} servers on ${servers} loopback addresses, answering after ${answerMs} ms, ${concurrency} at once, ${rounds} rounds in turn, ${availableParallelism()} cores, node ${heap.join(' ')}`,
  );
  console.log(
    '           median    [min-max]     CPU a server             peak memory of the process',
  );
  for (const name of ['node:http', 'undici', 'sweep'] as const) console.log(row(name));
  console.log(`first sweep, with ${servers} status writes: ${first.ms.toFixed(0)} ms`);
  const ratio = (of: (name: Name) => number): string =>
    (of('sweep') / Math.min(of('node:http'), of('undici'))).toFixed(2);
  console.log(
    `ratio of a steady sweep to the faster bare loop: ${ratio((name) => median(name, 'ms'))} (aim: at most 1.30); of its CPU time: ${ratio((name) => median(name, 'cpuMs'))}, of the minima: ${ratio((name) => least(name, 'cpuMs'))}`,
  );
} finally {
  for (const child of processes) child.disconnect();
  await bus.close();
  await rm(folder, { recursive: true });
}
