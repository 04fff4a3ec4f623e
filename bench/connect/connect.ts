/**
 * How long an MCP client waits for a server behind a bridge: from the start of the process to the
 * answer to `initialize`. `muster connect` beside `mcp-remote`, which gets the token by a header
 * and so needs no sign-in, and beside a client of the SDK that connects directly. All in one run,
 * in turn, each in a process of its own, at one MCP server behind OAuth.
 */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
import { ownChild } from '../children.ts';
import type { Part, Result, Size } from '../part.ts';

export const part: Part = {
  name: 'connect',
  title: 'Start of muster connect',
  measure,
};

/** The endpoint releases 30 tokens of a server to a person in ten minutes: each round takes two. */
const roundsOf = { full: 13, small: 1 } as const;
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

async function measure(size: Size): Promise<Result> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(new URL(remote), 'utf8')));
  const home = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const muster = join(home, 'muster.cjs');
  const [world] = await Promise.all([startWorld(), bundle(muster)]);
  try {
    const person: Person = { muster, endpoint: world.url, environment: clientEnvironment(home) };
    await world.sweep({ everything: true });
    await typed('auth login --no-browser', person);
    await typed('auth login --server server-b --no-browser', person);
    const token = await typed('auth token --server server-b', person);
    const url = (await world.list()).items.find(({ name }) => name === 'server-b')?.url ?? '';

    const connect = [muster, 'connect', '--endpoint', world.url];
    const direct = fileURLToPath(new URL('./connect-direct.ts', import.meta.url));
    const proxy = fileURLToPath(new URL('./dist/proxy.js', remote));
    const started = (args: readonly string[]) => ({
      run: () => startMs(args, person.environment),
      ms: new Array<number>(),
    });
    const laps = {
      bare: { run: emptyMs, ms: new Array<number>() },
      named: started([...connect, 'default/server-b']),
      looked: started([...connect, 'server-b']),
      direct: started([direct, url, token]),
      remote: started([proxy, url, '--header', `Authorization: Bearer ${token}`]),
    };
    for (const { run } of Object.values(laps)) await run(); // warm-up
    for (let round = 0; round < roundsOf[size]; round += 1)
      for (const { run, ms } of Object.values(laps)) ms.push(await run());
    const bare = { name: 'Node that does nothing', rounds: laps.bare.ms };
    const bridge = { name: `mcp-remote ${version}`, rounds: laps.remote.ms };
    return {
      rows: [
        {
          measure: 'muster connect default/server-b',
          unit: 'ms',
          rounds: laps.named.ms,
          aim: { atMost: 100 },
          peers: [
            { ...bridge, aim: { atMost: 0.5 } },
            { name: 'client of the SDK, directly', rounds: laps.direct.ms },
            bare,
          ],
        },
        {
          measure: 'muster connect server-b, which looks up the namespace',
          unit: 'ms',
          rounds: laps.looked.ms,
          peers: [bridge],
        },
      ],
      missing: [],
      notes: [
        'Each is a process of its own, from its start to the answer to `initialize`, at one MCP server behind OAuth.',
        'mcp-remote gets the token by `--header` and so needs no sign-in.',
      ],
    };
  } finally {
    await world.close();
    await rm(home, { recursive: true, force: true });
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** As clients start programs. */
const clientEnvironment = (home: string): Environment => ({
  HOME: home,
  PATH: process.env['PATH'],
  MCP_REMOTE_CONFIG_DIR: home,
});

type Bridge = ChildProcessByStdio<Writable, Readable, null>;

/** From the start to the result of `initialize`. Throws where it is not the result. */
async function startMs(args: readonly string[], environment: Environment): Promise<number> {
  const startedAt = performance.now();
  const child: Bridge = ownChild(
    spawn(process.execPath, args, { env: environment, stdio: ['pipe', 'pipe', 'ignore'] }),
  );
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

type Person = {
  readonly muster: string;
  readonly endpoint: string;
  readonly environment: Environment;
};

/** Runs a command as Ada, who follows each address, and gives what it printed. */
async function typed(line: string, { muster, endpoint, environment }: Person): Promise<string> {
  const args = [muster, ...line.split(' '), '--endpoint', endpoint];
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
