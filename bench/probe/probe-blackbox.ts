/** blackbox_exporter, which is asked over HTTP to probe each server once. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { listen } from '../../local/listen.ts';
import type { Lap } from '../laps.ts';
import { addressesOf, concurrency, forEachAtOnce, headers, path } from './probe-work.ts';
import type { Ground, Load } from './probe-contenders.ts';

const commands = ['prometheus-blackbox-exporter', 'blackbox_exporter'];

export const howToGetIt =
  'blackbox_exporter (Debian: apt-get install -y prometheus-blackbox-exporter)';

export type Blackbox = { readonly lap: () => Promise<Lap>; readonly end: () => void };

/** Undefined where it is not installed. */
export async function startBlackbox(
  { servers, lists }: Load,
  { port, folder }: Pick<Ground, 'port' | 'folder'>,
): Promise<Blackbox | undefined> {
  const command = commands.find((name) => spawnSync(name, ['--version']).status === 0);
  if (command === undefined) return undefined;
  const http = {
    valid_status_codes: [401],
    headers,
    follow_redirects: true,
    preferred_ip_protocol: 'ip4',
  };
  const file = join(folder, 'blackbox.yml'); // JSON is YAML.
  await writeFile(file, JSON.stringify({ modules: { http: { prober: 'http', http } } }));
  const free = await listen(createServer());
  await free.close();
  const exporter = spawn(
    command,
    [`--config.file=${file}`, `--web.listen-address=127.0.0.1:${free.port}`, '--log.level=error'],
    { stdio: 'ignore' },
  );
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const asked = (target: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const query = new URLSearchParams({ module: 'http', target }).toString();
      get({ agent, host: '127.0.0.1', port: free.port, path: `/probe?${query}` }, async (answer) =>
        resolve((await answer.setEncoding('utf8').toArray()).join('')),
      ).once('error', reject);
    });
  const addresses = addressesOf(servers);
  const probeAll = (): Promise<void> =>
    forEachAtOnce(addresses, async (address) => {
      const text = await asked(`http://${address}:${port}${path}`);
      if (!text.includes('\nprobe_success 1\n')) throw new Error(`${address}: ${text}`);
    });
  const pid = exporter.pid ?? 0;
  const end = (): void => {
    agent.destroy();
    exporter.kill();
  };
  try {
    await answers(free.port, exporter);
  } catch (error) {
    end();
    throw error;
  }
  return {
    end,
    lap: async () => {
      const [started, cpuMs] = [performance.now(), cpuMsOf(pid)];
      for (let list = 0; list < lists; list += 1) await probeAll();
      const ms = performance.now() - started;
      return { ms, cpuMs: cpuMsOf(pid) - cpuMs, peakMb: peakMbOf(pid), counts: {} };
    },
  };
}

/** Resolves once it answers; throws when it has ended. */
async function answers(port: number, exporter: { readonly exitCode: number | null }) {
  for (;;) {
    const isUp = await new Promise<boolean>((done) => {
      get({ host: '127.0.0.1', port, path: '/-/healthy' }, (answer) => {
        answer.resume();
        done(answer.statusCode === 200);
      }).once('error', () => done(false));
    });
    if (isUp) return;
    if (exporter.exitCode !== null)
      throw new Error(`blackbox_exporter ended with ${exporter.exitCode}.`);
    await new Promise((later) => setTimeout(later, 50));
  }
}

// proc(5): the times of a process are counted in ticks of 10 ms, behind the name in brackets.
function cpuMsOf(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return ((user ?? NaN) + (system ?? NaN)) * 10;
}

const peakMbOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
