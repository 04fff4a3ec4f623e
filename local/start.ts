import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import * as z from 'zod/mini';
import { sorted, table } from '../cli/output/table.ts';
import type { List } from '../functions/model/wire.ts';
import { ManifestError } from './declare-servers.ts';
import { PortInUse } from './listen.ts';
import { readOptions, type StartOptions, UsageError, usage } from './start-options.ts';
import { startWorld, type World } from './world.ts';
import { messageOf } from '../functions/model/error-message.ts';
import type { SweepReport } from '../functions/telemetry/report.ts';
import { ClusterError } from '../functions/model/cluster-error.ts';

/**
 * `npm start`: the whole system on this machine. Data goes to stdout, messages to stderr.
 */
async function start(options: StartOptions): Promise<void> {
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const world = await startWorld({ ...options, changed: printChange });
  try {
    for (const line of world.refused) say(`Refused: ${line}`);
    // A server is Failed after three failures in a row.
    for (let count = 0; count < (options.sweeps ?? 3); count += 1)
      printProblems(await world.sweep({ everything: true }));
    printList(await world.list(), options);
    if (options.sweeps === undefined) await sweepUntilEnded(world, options, ended);
  } finally {
    await world.close();
  }
}

async function sweepUntilEnded(
  world: World,
  options: StartOptions,
  ended: Promise<unknown>,
): Promise<void> {
  isTablePrinted = true;
  say(invitation(world, options));
  const schedule = setInterval(() => {
    world
      .sweep({ everything: false })
      .then(printProblems, (error: unknown) => say(`The sweep failed: ${messageOf(error)}`));
  }, options.tickMs);
  await ended;
  clearInterval(schedule);
}

// Not npx: on npm, muster is another package.
const command = fileURLToPath(new URL('../dist/muster.cjs', import.meta.url));

const invitation = (world: World, { tickMs }: StartOptions): string => `
muster sweeps every ${tickMs / 1000} s and prints each change of STATE here. Press Ctrl-C to stop. In a second terminal, run:

  export MUSTER_ENDPOINT=${world.url}
  alias muster="'${command}'"
  muster list mcpserver
  muster auth login                       signs in to muster: the list then has the column SESSION
  muster auth login --server server-b     signs in to one server: its SESSION changes, its STATE does not
  muster auth status
`;

const changeSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  from: z.optional(z.string()),
  to: z.string(),
  reason: z.string(),
});
// The first table shows the states. Only later changes are printed.
let isTablePrinted = false;

function printChange({ time, detail }: { readonly time: string; readonly detail: unknown }): void {
  const { namespace, name, from = '-', to, reason } = changeSchema.parse(detail);
  if (isTablePrinted)
    say(`${time.slice(11, 19)}  ${namespace}/${name}  ${from} -> ${to}  (${reason})`);
}

function printProblems(reports: readonly SweepReport[]): void {
  for (const { ended, proberOffline, problems = [], malformed = [] } of reports) {
    if (ended !== undefined) say(`The sweep ended early: ${ended}`);
    if (proberOffline !== undefined) say(`The prober itself seems to be offline: ${proberOffline}`);
    for (const line of malformed) say(`Unreadable: ${line}`);
    for (const { namespace, name, message } of problems) say(`${namespace}/${name}: ${message}`);
  }
}

function printList(list: List, { output }: StartOptions): void {
  const rows = sorted(list.items);
  if (output === 'json')
    process.stdout.write(`${JSON.stringify({ items: rows, problems: list.problems }, null, 2)}\n`);
  else if (rows.length === 0) say('No MCPServers found');
  else process.stdout.write(table(rows, { signedIn: false, now: new Date() }));
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

// An error that the user can fix is one line. Any other error is ours and has its stack.
const fixable = [UsageError, ManifestError, ClusterError, PortInUse];

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(`${usage}\n`);
  else await start(options);
} catch (error) {
  say(
    fixable.some((kind) => error instanceof kind)
      ? messageOf(error)
      : `Internal error: ${error instanceof Error ? error.stack : String(error)}`,
  );
  process.exitCode = 1;
}
