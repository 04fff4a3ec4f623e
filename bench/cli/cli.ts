/**
 * How long people wait for the command line: whole processes, in turn, beside a bare Node, the
 * smallest Node program that asks the same endpoint, and kubectl with the same list from the same
 * cluster. The endpoint is in another process. Run: npm run bench:cli
 *
 * ROUNDS=25 sets the rounds; BASELINE=FILE adds another build of the command line.
 */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { bundle } from '../../cli/package/bundle.ts';
import { defined } from '../../functions/model/defined.ts';
import { demoPersons, viewAs } from '../../local/demo-person.ts';

const rounds = Number(process.env['ROUNDS'] ?? 25);
const many = '5000 servers';
const node = process.execPath;

type Contender = {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
};

const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
const children: ChildProcess[] = [];
try {
  const muster = join(folder, 'muster.cjs');
  await bundle(muster);
  const [few, lots] = [
    await startEndpoint('few', 0),
    await startEndpoint('lots', Number.parseInt(many, 10)),
  ];
  await viewAs(demoPersons.ada, { endpoint: few.url, folder });
  const minimal = join(folder, 'minimal.cjs');
  await writeFile(
    minimal,
    `require('node:http').get('${few.url}/v1/mcpservers', { agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => process.stdout.write(String(JSON.parse(text).items.length)));
    });`,
  );

  const nobody = { XDG_CONFIG_HOME: join(folder, 'nobody') };
  const ada = { XDG_CONFIG_HOME: folder };
  const asking = (
    name: string,
    file: string,
    words: string,
    { url }: Endpoint,
    who: Readonly<Record<string, string>>,
  ): Contender => ({
    name,
    command: [node, file, ...words.split(' ')],
    environment: { MUSTER_SERVERLESS_ENDPOINT: url, ...who },
  });
  const baseline = process.env['BASELINE'];
  const builds = [['', muster] as const, ...(baseline ? [[' (baseline)', baseline] as const] : [])];
  const kubectl = (name: string, { kubeconfig }: Endpoint): readonly Contender[] =>
    hasKubectl()
      ? [
          {
            name,
            command: ['kubectl', 'get', 'mcpservers'],
            environment: { KUBECONFIG: kubeconfig },
          },
        ]
      : [];
  const contenders: readonly Contender[] = [
    { name: 'node -e 0', command: [node, '-e', '0'] },
    { name: 'smallest program with one request', command: [node, minimal] },
    ...builds.flatMap(([mark, file]) => [
      { name: `muster --version${mark}`, command: [node, file, '--version'] as const },
      asking(`muster list, 4 servers${mark}`, file, 'list mcpserver', few, nobody),
      asking(`muster list, 4 servers, signed in${mark}`, file, 'list mcpserver', few, ada),
      asking(`muster auth status${mark}`, file, 'auth status', few, ada),
    ]),
    ...kubectl('kubectl get, 4 servers', few),
    ...builds.map(([mark, file]) =>
      asking(`muster list, ${many}${mark}`, file, 'list mcpserver', lots, nobody),
    ),
    ...kubectl(`kubectl get, ${many}`, lots),
  ];

  const laps = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  // The first two warm the disk cache, and the discovery cache of kubectl.
  for (let round = -2; round < rounds; round += 1)
    for (const contender of contenders) {
      // An endpoint answers 300 lists without a token a minute, and a baseline may ask page by page.
      if (contender.name.includes(many) && round % 3 !== 0) continue;
      const ms = await lap(contender);
      if (round >= 0) laps.get(contender.name)?.push(ms);
    }
  const bare = median(laps.get('node -e 0') ?? []);
  console.log(
    `Whole processes, ${String(rounds)} rounds in turn, Node ${process.versions.node}, ${String(availableParallelism())} cores\n`,
  );
  console.log('| command | median | spread | of bare Node |\n|---|---|---|---|');
  for (const [name, times] of laps) {
    const [least, most] = [Math.min(...times), quantile(times, 0.9)];
    console.log(
      `| \`${name}\` | ${median(times).toFixed(0)} ms | ${least.toFixed(0)} to ${most.toFixed(0)} ms | ${(median(times) / bare).toFixed(2)} |`,
    );
  }
} finally {
  for (const child of children) child.disconnect();
  await rm(folder, { recursive: true, force: true });
}

type Endpoint = { readonly url: string; readonly kubeconfig: string };

/** `kubeconfig` is a file here. */
async function startEndpoint(name: string, servers: number): Promise<Endpoint> {
  const file = fileURLToPath(new URL('./cli-world.ts', import.meta.url));
  const child = fork(file, [String(servers)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  children.push(child);
  const [message] = await once(child, 'message');
  const told = z.object({ url: z.string(), kubeconfig: z.string() }).parse(message);
  const kubeconfig = join(folder, `kubeconfig-${name}`);
  await writeFile(kubeconfig, told.kubeconfig, { mode: 0o600 });
  return { url: told.url, kubeconfig };
}

/** From the start of the process to the end of its output and itself, in milliseconds. */
async function lap({ name, command: [file, ...args], environment }: Contender): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(file, args, {
    // As on a machine with nothing set: NODE_EXTRA_CA_CERTS alone costs 15 ms wherever TLS is loaded.
    env: defined({ PATH: process.env['PATH'], HOME: folder, ...environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let bytes = 0;
  let problem = '';
  child.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length));
  child.stderr.on('data', (chunk: Buffer) => (problem += chunk.toString()));
  const [code] = await once(child, 'close');
  const ms = performance.now() - startedAt;
  // auth status is exit 2 where a sign-in is left to do.
  if (code !== 0 && !(code === 2 && bytes > 0))
    throw new Error(`${name} ended with ${String(code)}: ${problem.trim()}`);
  return ms;
}

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function quantile(times: readonly number[], share: number): number {
  return [...times].sort((one, other) => one - other)[Math.floor((times.length - 1) * share)] ?? 0;
}

function median(times: readonly number[]): number {
  return quantile(times, 0.5);
}
