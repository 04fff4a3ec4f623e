/** One Keycloak on loopback, in memory, and its administrator. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { listen } from '../../local/listen.ts';

export type Keycloak = {
  readonly url: string;
  /** Of the bootstrap administrator. */
  readonly password: string;
  readonly close: () => Promise<void>;
};

const longestStartMs = 180_000;

/** Starts it; resolves when it listens. Throws with its last lines when it ends before that. */
export async function startKeycloak(home: string): Promise<Keycloak> {
  const { port, close: free } = await listen(createServer());
  await free();
  const password = randomBytes(16).toString('hex');
  const work = await mkdtemp(join(tmpdir(), 'keycloak-'));
  const child = spawn(
    'bash',
    [
      join(home, 'bin', 'kc.sh'),
      'start',
      '--optimized',
      '--http-enabled=true',
      '--http-host=127.0.0.1',
      `--http-port=${String(port)}`,
      '--hostname-strict=false',
      '--cache=local',
    ],
    {
      cwd: work,
      env: {
        ...process.env,
        JAVA_OPTS_APPEND: `-Djava.io.tmpdir=${work}`,
        JAVA_OPTS_KC_HEAP: '-Xms128m -Xmx512m',
        KC_BOOTSTRAP_ADMIN_USERNAME: 'admin',
        KC_BOOTSTRAP_ADMIN_PASSWORD: password,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGTERM'); // Its script ends the Java process and waits for it.
    await ended;
    await rm(work, { recursive: true, force: true });
  };
  try {
    await listening(child);
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `http://127.0.0.1:${String(port)}`, password, close };
}

function listening(child: ChildProcess): Promise<void> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Error(`Keycloak ${why}:\n${lines.slice(-20).join('\n')}`));
    const patience = setTimeout(fail, longestStartMs, 'did not start in time');
    child.once('close', () => {
      clearTimeout(patience);
      fail('ended');
    });
    if (child.stdout === null) return fail('has no output');
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      if (!line.includes('Listening on:')) return;
      clearTimeout(patience);
      resolve();
    });
  });
}
