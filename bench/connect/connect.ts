/**
 * How long an MCP client waits for a server behind a bridge: from the start of the process to the
 * answer to `initialize`. `muster connect` beside `mcp-remote`, which gets the token by a header
 * and so needs no sign-in, and beside a client of the SDK that connects directly. All in one run,
 * in turn, each in a process of its own, at one MCP server behind OAuth. Run: npm run bench:connect
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { bundle } from '../../cli/package/bundle.ts';
import { ada } from '../../local/issuer.ts';
import { startWorld } from '../../local/world.ts';
import { browserOf } from '../../test/world/browser.ts';

/** The endpoint releases 30 tokens of a server to a person in ten minutes: each round takes two. */
const mostRounds = 13;
const rounds = Math.min(Number(process.env['BENCH_ROUNDS'] ?? mostRounds), mostRounds);
/** Of one start; the slowest that was seen took 2 s. */
const longestMs = 20_000;

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1' },
  },
} as const;

const remote = import.meta.resolve('mcp-remote/package.json');
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(await readFile(new URL(remote), 'utf8')));

const home = await mkdtemp(join(tmpdir(), 'muster-bench-'));
const muster = join(home, 'muster.cjs');
const [world] = await Promise.all([startWorld(), bundle(muster)]);
/** As clients start programs. */
const environment = { HOME: home, PATH: process.env['PATH'], MCP_REMOTE_CONFIG_DIR: home };

type Bridge = ChildProcessByStdio<Writable, Readable, null>;

/** From the start to the result of `initialize`. Throws where it is not the result. */
async function startMs(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const child: Bridge = spawn(process.execPath, args, {
    env: environment,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
  const closed = once(child, 'close');
  // The one that connects directly reads nothing.
  child.stdin.on('error', () => {});
  child.stdin.write(`${JSON.stringify(initialize)}\n`);
  const line = await Promise.race([firstLine(child.stdout), closed.then(() => '')]);
  const ms = performance.now() - startedAt;
  child.stdin.end();
  child.kill();
  await closed;
  clearTimeout(timer);
  if (!line.includes('"result"'))
    throw new Error(`${args.slice(0, 2).join(' ')} did not answer: ${line.slice(0, 300)}`);
  return ms;
}

async function firstLine(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text;
}

try {
  await world.sweep({ everything: true });
  await typed('auth login --no-browser');
  await typed('auth login --server server-b --no-browser');
  const token = await typed('auth token --server server-b');
  const url = (await world.list()).items.find(({ name }) => name === 'server-b')?.url ?? '';

  const connect = [muster, 'connect', '--endpoint', world.url];
  const contenders = {
    'node that does nothing': undefined,
    'muster connect default/server-b': [...connect, 'default/server-b'],
    'muster connect server-b': [...connect, 'server-b'],
    'SDK client, directly': [
      fileURLToPath(new URL('./connect-direct.ts', import.meta.url)),
      url,
      token,
    ],
    [`mcp-remote ${version}, with the token`]: [
      fileURLToPath(new URL('./dist/proxy.js', remote)),
      url,
      '--header',
      `Authorization: Bearer ${token}`,
    ],
  };
  const laps = Object.entries(contenders).map(([name, args]) => ({
    name,
    run: () => (args === undefined ? emptyMs() : startMs(args)),
    ms: new Array<number>(),
  }));
  for (const { run } of laps) await run(); // warm-up
  for (let round = 0; round < rounds; round += 1)
    for (const { run, ms } of laps) ms.push(await run());

  console.log(
    `From the start of a process to the answer to initialize: medians of ${rounds} rounds in turn, node ${process.version}, ${availableParallelism()} cores`,
  );
  const results = laps.map(({ name, ms }) => ({
    name,
    sorted: ms.toSorted((one, other) => one - other),
  }));
  const medianOf = (name: string): number =>
    results.find((result) => result.name === name)?.sorted[Math.floor(rounds / 2)] ?? Number.NaN;
  const [, ours = '', , direct = '', other = ''] = laps.map(({ name }) => name);
  for (const { name, sorted } of results)
    console.log(
      `${name.padEnd(34)} ${medianOf(name).toFixed(0).padStart(5)} ms [${(sorted[0] ?? 0).toFixed(0)}-${(sorted.at(-1) ?? 0).toFixed(0)}]`,
    );
  const ratio = (name: string): string => (medianOf(ours) / medianOf(name)).toFixed(2);
  console.log(
    `${ours}: ${ratio(other)} of ${other} (aim: at most 0.50, and 100 ms), ${ratio(direct)} of ${direct}`,
  );
} finally {
  await world.close();
  await rm(home, { recursive: true, force: true });
}

/** Runs a command as Ada, who follows each address, and gives what it printed. */
async function typed(line: string): Promise<string> {
  const args = [muster, ...line.split(' '), '--endpoint', world.url];
  const run = promisify(execFile)(process.execPath, args, { env: environment });
  const addresses = createInterface({ input: run.child.stderr ?? process.stdin });
  addresses.on('line', (text) => {
    const [, address] = /^ {2}(https?:\/\/\S+)$/.exec(text) ?? [];
    if (address !== undefined) void browserOf(ada).visit(address);
  });
  return (await run).stdout.trim();
}

async function emptyMs(): Promise<number> {
  const startedAt = performance.now();
  await promisify(execFile)(process.execPath, ['-e', '0']);
  return performance.now() - startedAt;
}
