/** Starts the process of `verdicts-client.ts`. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { CaseWorld, PersonsClass } from '../../test/world/cases/fault-case.ts';
import type { Asked, Told } from './verdicts-client.ts';
import { type Contender, deadlineMs } from './verdicts-contender.ts';

const packageJson = z.object({ version: z.string() });

/** Its own process: an endless body costs its memory, and the authority is one of its environment. */
export async function startSdkClient({ caPem }: CaseWorld): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-sdk-'));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, caPem);
  const at = new URL('../../node_modules/@modelcontextprotocol/sdk/package.json', import.meta.url);
  const { version } = packageJson.parse(JSON.parse(await readFile(at, 'utf8')));
  const start = () =>
    fork(new URL('./verdicts-client.ts', import.meta.url), {
      execArgv: ['--max-old-space-size=2048'],
      // With the 4 threads that are usual, names without an answer hold back all others.
      env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile, UV_THREADPOOL_SIZE: '64' },
    });
  const waiting = new Map<number, (told: PersonsClass) => void>();
  let client = start();
  let last = 0;
  const listenTo = (): void => {
    client.on('message', ({ id, told }: Told) => {
      waiting.get(id)?.(told);
      waiting.delete(id);
    });
    // What a server does to its memory ends it: those that it was asked about read as down.
    client.once('exit', (code) => {
      if (code === 0) return;
      console.warn('!! The process of the MCP client ended; it is started again.');
      for (const told of waiting.values()) told('down');
      waiting.clear();
      client = start();
      listenTo();
    });
  };
  listenTo();
  return {
    isForUse: true,
    version: `MCP client of the SDK ${version}`,
    ask: ({ server: { url, type, headers, timeoutMs } }) =>
      new Promise((resolve) => {
        last += 1;
        waiting.set(last, resolve);
        client.send({
          id: last,
          url: url ?? '',
          type: type === 'sse' ? 'sse' : 'streamable-http',
          headers: { ...headers },
          timeoutMs: timeoutMs ?? deadlineMs,
        } satisfies Asked);
      }),
    end: async () => {
      const ended = once(client, 'exit');
      client.disconnect();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
