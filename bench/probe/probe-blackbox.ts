/** blackbox_exporter, which is asked over HTTP to probe each server once. */
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { startExporter } from '../blackbox.ts';
import type { Lap } from '../laps.ts';
import { addressesOf, concurrency, forEachAtOnce, headers, path } from './probe-work.ts';
import type { Ground, Load } from './probe-contenders.ts';

export type Blackbox = { readonly lap: () => Promise<Lap>; readonly end: () => void };

/** `command` is the program. */
export async function startBlackbox(
  command: string,
  { servers, lists }: Load,
  { port, folder }: Pick<Ground, 'port' | 'folder'>,
): Promise<Blackbox> {
  const http = {
    valid_status_codes: [401],
    headers,
    follow_redirects: true,
    preferred_ip_protocol: 'ip4',
  };
  const modules = { http: { prober: 'http', http } };
  const exporter = await startExporter(command, { modules }, folder, ['--log.level=error']);
  const { hostname: host, port: own } = new URL(`http://${exporter.address}`);
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const asked = (target: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const query = new URLSearchParams({ module: 'http', target }).toString();
      get({ agent, host, port: own, path: `/probe?${query}` }, async (answer) =>
        resolve((await answer.setEncoding('utf8').toArray()).join('')),
      ).once('error', reject);
    });
  const addresses = addressesOf(servers);
  const probeAll = (): Promise<void> =>
    forEachAtOnce(addresses, async (address) => {
      const text = await asked(`http://${address}:${port}${path}`);
      if (!text.includes('\nprobe_success 1\n')) throw new Error(`${address}: ${text}`);
    });
  const pid = exporter.child.pid ?? 0;
  const end = (): void => {
    agent.destroy();
    exporter.child.kill();
  };
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

// proc(5): the times of a process are counted in ticks of 10 ms, behind the name in brackets.
function cpuMsOf(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return ((user ?? NaN) + (system ?? NaN)) * 10;
}

const peakMbOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
