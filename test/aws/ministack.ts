/**
 * MiniStack (PyPI, MIT): an AWS that others wrote, in one process, without Docker. It runs Lambda
 * functions with the `node` of PATH, and EventBridge, Scheduler, DynamoDB, SSM, SQS, SNS, STS, IAM
 * and CloudFormation.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { listen } from '../../local/listen.ts';
import { type Found, findVirtualEnvironment } from '../world/installed-tools.ts';

/** The virtual environment with `bin/ministack`: 37 MB, Python 3.10 or newer. */
export const findMiniStack = (): Promise<Found> => findVirtualEnvironment({ ministack: '1.5.33' });

export type EmulatorOptions = {
  /** Of `findMiniStack`. */
  readonly folder: string;
  /** Verifies signatures and enforces the policies of identities, as AWS does. */
  readonly enforcesPolicies?: boolean;
};

export type Emulator = {
  /** For `AWS_ENDPOINT_URL`, or `endpoint` of a client. */
  readonly url: string;
  readonly port: number;
  readonly account: string;
  readonly region: string;
  /** Of the owner of the account, who may do everything. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** All of that as the environment of a process. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it wrote, line by line: also what functions wrote. */
  readonly log: readonly string[];
  readonly close: () => Promise<void>;
};

const account = '123456789012';
const region = 'eu-central-1';
const credentials = { accessKeyId: 'owner', secretAccessKey: 'owner-of-the-account' } as const;
const longestStartMs = 30_000;

/** An empty account on loopback. Throws, with the last lines of its log, where it does not start. */
export async function startMiniStack({
  folder,
  enforcesPolicies = false,
}: EmulatorOptions): Promise<Emulator> {
  const port = await freePort();
  const home = await mkdtemp(join(tmpdir(), 'muster-aws-'));
  const url = `http://127.0.0.1:${String(port)}`;
  const { PATH = '' } = process.env;
  const log: string[] = [];
  const child = spawn(join(folder, 'bin/ministack'), [], {
    cwd: home,
    env: {
      // The Node that runs the tests is the one that runs the functions.
      PATH: `${dirname(process.execPath)}:${PATH}`,
      HOME: home,
      TMPDIR: home,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_ACCOUNT_ID: account,
      MINISTACK_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AUTH: String(enforcesPolicies),
      LOG_LEVEL: 'INFO',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => log.push(...chunk.toString().split('\n').filter(Boolean)));
  const close = async (): Promise<void> => {
    await end(child);
    await rm(home, { recursive: true, force: true });
  };
  const isUp = await answers(`${url}/_ministack/health`, child);
  if (!isUp) {
    await close();
    throw new Error(`MiniStack did not start:\n${log.slice(-20).join('\n')}`);
  }
  return {
    url,
    port,
    account,
    region,
    credentials,
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    log,
    close,
  };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const until = performance.now() + longestStartMs;
  while (child.exitCode === null && performance.now() < until) {
    const isUp = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const overdue = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(overdue);
}

/** Free a moment ago: MiniStack does not say which port it took. */
async function freePort(): Promise<number> {
  const { port, close } = await listen(createServer());
  await close();
  return port;
}
