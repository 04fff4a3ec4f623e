/** blackbox_exporter, the prober of Prometheus, as a peer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { listen } from '../local/listen.ts';
import { ownChild } from './children.ts';

export type Exporter = {
  /** Its own address: `127.0.0.1:9115`. */
  readonly address: string;
  readonly child: ChildProcess;
};

/**
 * Starts it with the configuration, which is written into `folder`, and resolves once it answers.
 * Throws what it said when it ends instead.
 */
export async function startExporter(
  command: string,
  configuration: object,
  folder: string,
  flags: readonly string[] = [],
): Promise<Exporter> {
  const file = join(folder, 'blackbox.yml'); // JSON is YAML.
  await writeFile(file, JSON.stringify(configuration));
  const free = await listen(createServer());
  await free.close();
  const address = `127.0.0.1:${free.port}`;
  const child = ownChild(
    spawn(command, [`--config.file=${file}`, `--web.listen-address=${address}`, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  let said = '';
  child.stderr.on('data', (chunk) => (said = `${said}${String(chunk)}`.slice(-500)));
  while (!(await isHealthy(address))) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${said}`);
    await new Promise((later) => setTimeout(later, 50));
  }
  return { address, child };
}

const isHealthy = (address: string): Promise<boolean> =>
  fetch(`http://${address}/-/healthy`).then(
    ({ ok }) => ok,
    () => false,
  );
