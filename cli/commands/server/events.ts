import { defined } from '../../../functions/model/defined.ts';
import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { readChanges } from '../../api/changes.ts';
import { inParallel } from '../../api/in-parallel.ts';
import { type Connection, listServers } from '../../api/mcpservers.ts';
import { connect } from '../../auth/connect.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { sinceOf } from '../../output/columns.ts';
import { eventTable, newestFirst, type ServerChange } from '../../output/event-table.ts';
import { isStructured, structured } from '../../output/yaml.ts';
import { readNamed, serverNames } from './named-servers.ts';

/** So many servers are asked, and so many changes shown, when no name is given. */
const most = { servers: 100, changes: 100, parallel: 8 } as const;

/** `muster events [NAME...]`: the last changes of STATE. */
export async function events(context: CommandContext): Promise<ExitCode> {
  const names = serverNames(context);
  const connection = await connect(context);
  const { rows, problem } =
    names.length === 0
      ? await lastChanged(context, connection)
      : await readNamed(connection, names);
  const changes = await context.waitingFor('Reading the changes', changesOf(connection, rows));
  const format = context.option('output');
  const items = newestFirst(changes ?? []).slice(0, names.length === 0 ? most.changes : undefined);
  if (isStructured(format)) context.print(structured({ items }, format));
  else if (items.length > 0)
    context.print(
      eventTable(items, {
        headers: !context.has('no-headers'),
        columns: context.terminal?.columns,
      }),
    );
  if (changes === undefined) context.info(`${connection.endpoint} keeps no changes of STATE.`);
  else if (items.length === 0) context.info('No changes of STATE found');
  if (problem !== undefined) throw problem;
  return exitCodes.done;
}

/** Undefined where the endpoint keeps none. */
async function changesOf(
  connection: Connection,
  rows: readonly Row[],
): Promise<readonly ServerChange[] | undefined> {
  const [first, ...others] = rows;
  if (first === undefined) return [];
  const read = async ({ namespace, name }: Row): Promise<readonly ServerChange[] | undefined> =>
    (await readChanges(connection, { namespace, name }))?.map(({ at, from, to, reason, message }) =>
      defined({ namespace, name, at, from, to, reason, message }),
    );
  // An endpoint that keeps none is asked once.
  const known = await read(first);
  if (known === undefined) return undefined;
  const more = await inParallel(most.parallel, others, read);
  return [known, ...more].flatMap((changes) => changes ?? []);
}

/** Of a large fleet, those whose reachability changed last: each one costs a request. */
async function lastChanged(
  { option, info }: CommandContext,
  connection: Connection,
): Promise<{ readonly rows: readonly Row[]; readonly problem?: undefined }> {
  const { rows } = await listServers(connection, {
    namespace: option('namespace'),
    withConditions: false,
  });
  if (rows.length <= most.servers) return { rows };
  const byTime = [...rows].sort((a, b) => (changedAt(a) < changedAt(b) ? 1 : -1));
  const example = byTime[most.servers];
  info(
    `Only the ${String(most.servers)} servers that changed last, of ${String(rows.length)}. For another one, run: muster events ${example === undefined ? '' : qualifiedName(example)}`,
  );
  return { rows: byTime.slice(0, most.servers) };
}

/** Times of the API are UTC in one format, so they sort as texts. */
const changedAt = (row: Row): string => sinceOf(row) ?? '';
