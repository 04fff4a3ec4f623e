/** Runs the built `muster` as a person does: a process of its own, with a home of its own. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expose } from '../world/leaks.ts';
import { defined } from '../../functions/model/defined.ts';

const builder = fileURLToPath(new URL('../../cli/build.ts', import.meta.url));

/** Builds it into a folder of its own, so that tests run beside each other. */
export async function buildMuster(): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'muster-build-')), 'muster.cjs');
  await promisify(execFile)(process.execPath, [builder, file]);
  return file;
}

export const removeMuster = (file: string): Promise<void> => rm(dirname(file), { recursive: true });

export type Ended = {
  /** As a shell reports it: 130 for a process that ended by Ctrl-C. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

export type Run = {
  /** No person and no browser is there: a sign-in is typed as it is. */
  readonly alone?: true;
  /** Where the configuration is kept; without it nobody is signed in. */
  readonly home?: string;
  readonly endpoint?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What is typed, once the words that ask for it are there. */
  readonly types?: { readonly after: string; readonly text: () => string | Promise<string> };
  /** Called with each address on stderr. */
  readonly onAddress?: (address: string) => Promise<unknown>;
  /** Called with all of stderr so far, each time it grows. */
  readonly onError?: (stderr: string) => void;
  /** Ctrl-C when it resolves. */
  readonly interrupted?: Promise<unknown>;
};

/**
 * Ends with the process; `onAddress` and `types` play the person. There is no terminal, so a sign-in
 * has `--no-browser`: it would end at once.
 */
export async function runMuster(file: string, line: string, run: Run = {}): Promise<Ended> {
  const words = line.split(' ').filter((word) => word !== '');
  const isSignIn = line.startsWith('auth login') && !/--no-browser|--device/.test(line);
  if (isSignIn && run.alone === undefined) words.push('--no-browser');
  const child = spawn(process.execPath, [file, ...words], {
    env: defined({
      HOME: run.home ?? '/nonexistent',
      MUSTER_ENDPOINT: run.endpoint,
      ...run.environment,
    }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const played = new Map<string, Promise<unknown>>();
  void run.interrupted?.then(() => child.kill('SIGINT'));
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    run.onError?.(stderr);
    for (const [, address = ''] of stderr.matchAll(/^ {2}(https?:\/\/\S+)\n/gm))
      if (run.onAddress !== undefined && !played.has(address))
        played.set(address, run.onAddress(address));
    if (run.types !== undefined && stderr.includes(run.types.after)) {
      const { text } = run.types;
      void Promise.all(played.values())
        .then(text)
        .then((typed) => child.stdin.end(`${typed}\n`));
    }
  });
  if (run.types === undefined) child.stdin.end();
  const code = await new Promise<number>((resolve) =>
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    ),
  );
  await Promise.all(played.values());
  expose(`muster ${line}`, stdout + stderr + child.spawnargs.join(' '));
  return { code, stdout, stderr };
}
