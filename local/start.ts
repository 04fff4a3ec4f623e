import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { CliError } from '../cli/context.ts';
import { sorted, table } from '../cli/output/table.ts';
import type { List } from '../functions/model/wire/server-wire.ts';
import { defined } from '../functions/model/defined.ts';
import { ManifestError } from './declare-servers.ts';
import { demoPersons, viewAs } from './demo-person.ts';
import { invitation } from './invitation.ts';
import { PortInUse } from './listen.ts';
import { isBuilt } from './site-files.ts';
import { readOptions, type StartOptions, UsageError, usage } from './start-options.ts';
import { startWorld, type World } from './world.ts';
import { messageOf } from '../functions/model/error-message.ts';
import type { SweepReport } from '../functions/telemetry/report.ts';
import { ClusterError } from '../functions/model/cluster-error.ts';

/** Where `npm run site:build` puts it. */
const site = new URL('../site/dist/', import.meta.url);

/**
 * `npm start`: the whole system on this machine. Data goes to stdout, messages to stderr.
 */
async function start(options: StartOptions): Promise<void> {
  const ended = endOfProcess();
  const world = await startWorld({ ...options, site, changed: printChange });
  try {
    for (const line of world.refused) say(`Refused: ${line}`);
    // A server is Failed after three failures in a row.
    for (let count = 0; count < (options.sweeps ?? 3); count += 1)
      printProblems(await world.sweep({ everything: true }));
    if (options.as !== undefined) say('The list without a sign-in:\n');
    printList(await world.list(), options);
    if (options.sweeps === undefined) await stay(world, options, ended);
  } finally {
    await world.close();
  }
}

/**
 * Resolves at the first Ctrl-C; a second one ends the process at once. The listeners stay: the lock
 * of a sign-in ends a process that has none.
 */
function endOfProcess(): Promise<void> {
  let isEnding = false;
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (isEnding) process.exit(130);
        isEnding = true;
        resolve();
      });
  });
}

/** What is stored for as long as `npm start` runs is in a folder of its own. */
async function stay(world: World, options: StartOptions, ended: Promise<unknown>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-start-'));
  try {
    const as = options.as === undefined ? undefined : await printListAs(options.as, world, folder);
    const kubeconfig = await kubeconfigIn(folder, world);
    const isDemo = options.servers === undefined && options.kubeconfig === undefined;
    const { tickMs } = options;
    const { url } = world;
    const hasSite = isBuilt(site);
    say(invitation(defined({ tickMs, as, url, isDemo, kubeconfig, folder, hasSite })));
    await sweepUntilEnded(world, options, ended);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file for kubectl; undefined where the cluster is the user's own. */
async function kubeconfigIn(folder: string, { environment }: World): Promise<string | undefined> {
  const yaml = environment['KUBECONFIG_YAML'];
  if (yaml === undefined) return undefined;
  const file = join(folder, 'kubeconfig');
  await writeFile(file, yaml, { mode: 0o600 });
  return file;
}

/**
 * The same rows with the SESSION of one person: STATE is the same for everyone. Returns the person,
 * undefined where they could not be signed in.
 */
async function printListAs(
  as: NonNullable<StartOptions['as']>,
  world: World,
  folder: string,
): Promise<StartOptions['as']> {
  try {
    const view = await viewAs(demoPersons[as], { endpoint: world.url, folder });
    say(`\nThe list for ${view.email}, who is signed in to muster and to ${view.server}:\n`);
    process.stdout.write(table(view.rows, { signedIn: true, now: new Date() }));
    return as;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // The servers are not reached with --guard, for example.
    say(`\n${as} could not be signed in: ${error.message}`);
    return undefined;
  }
}

async function sweepUntilEnded(
  world: World,
  options: StartOptions,
  ended: Promise<unknown>,
): Promise<void> {
  isTablePrinted = true;
  const schedule = setInterval(() => {
    world
      .sweep({ everything: false })
      .then(printProblems, (error: unknown) => say(`The sweep failed: ${messageOf(error)}`));
  }, options.tickMs);
  await ended;
  clearInterval(schedule);
}

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
