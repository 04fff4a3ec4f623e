/** Whole processes, as people start them: from the start to the end of the output. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { defined } from '../../functions/model/defined.ts';

export type Command = {
  /** A program and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** What it prints. A run that prints anything else is no measurement. */
  readonly prints: RegExp;
};

/** The slowest that was seen took 3 s. */
const longestMs = 30_000;

/** In milliseconds. Throws where it does not do what it was started for. */
export async function wholeProcess(
  { command, environment, prints }: Command,
  home: string,
): Promise<{ readonly ms: number; readonly cpuMs: number | undefined }> {
  const [file, ...args] = command;
  const cpuBefore = childrenCpuMs();
  const startedAt = performance.now();
  const child = spawn(file, args, {
    // As on a machine with nothing set: NODE_EXTRA_CA_CERTS alone costs 15 ms wherever TLS is loaded.
    env: defined({ PATH: process.env['PATH'], HOME: home, ...environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  const printed: Buffer[] = [];
  let problem = '';
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => (problem += chunk.toString()));
  const [code] = await once(child, 'close');
  const ms = performance.now() - startedAt;
  const cpuAfter = childrenCpuMs();
  const text = Buffer.concat(printed).toString();
  if (!prints.test(text))
    throw new Error(
      `${command.join(' ')} ended with ${String(code)}: ${problem}${text.slice(0, 200)}`,
    );
  return {
    ms,
    cpuMs: cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore,
  };
}

/**
 * User and system time of all children that have ended, in steps of 10 ms: only a mean of many
 * says something. Undefined where the system does not tell (proc_pid_stat(5), fields 16 and 17).
 */
function childrenCpuMs(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  // The name of the program comes first, in parentheses, and may hold anything.
  const [, facts = ''] = /\) (.*)$/s.exec(readFileSync('/proc/self/stat', 'utf8')) ?? [];
  const [user, system] = facts.split(' ').slice(13, 15).map(Number);
  return user === undefined || system === undefined ? undefined : (user + system) * tickMs;
}

/** USER_HZ, which no Linux changes. */
const tickMs = 10;
