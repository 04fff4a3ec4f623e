import type { Row } from '../../functions/model/wire.ts';
import { age } from '../output/age.ts';
import type { CommandContext } from '../context.ts';
import { connect } from '../auth/connect.ts';
import { type ExitCode, exitCodes } from '../failure.ts';
import { isStructured, structured } from '../output/structured.ts';
import { findServer, listServers } from '../api/mcpservers.ts';
import { sorted, table } from '../output/table.ts';
import { namesAmong } from '../../functions/model/mcpserver.ts';

/** `muster list mcpserver` */
export async function list(call: CommandContext): Promise<ExitCode> {
  const connection = await connect(call);
  const { rows, problems, stoppedSince } = await listServers(connection, call.option('namespace'));
  const format = call.option('output');
  if (isStructured(format)) call.print(structured({ items: sorted(rows) }, format));
  else if (rows.length > 0) call.print(rowText(call, rows, connection.tokens !== undefined));
  if (rows.length === 0)
    call.info(
      call.has('namespace')
        ? `No MCPServers found in ${call.option('namespace') ?? ''}`
        : 'No MCPServers found',
    );
  for (const { namespace, name, message } of problems)
    call.info(`Warning: ${namespace}/${name} cannot be shown: ${message}`);
  if (stoppedSince === undefined) tellStale(call, rows);
  else
    call.info(
      `Warning: nobody has swept for ${age(call.now().getTime() - stoppedSince.getTime())}: every STATE may be old. Is the schedule on?`,
    );
  return exitCodes.done;
}

/** `muster get mcpserver NAME` */
export async function get(call: CommandContext): Promise<ExitCode> {
  const connection = await connect(call);
  const [name = ''] = call.positionals;
  const row = await findServer(connection, name, call.option('namespace'));
  const format = call.option('output');
  call.print(
    isStructured(format)
      ? structured(row, format)
      : rowText(call, [row], connection.tokens !== undefined),
  );
  tellStale(call, [row]);
  return exitCodes.done;
}

function rowText(
  { option, has, now }: CommandContext,
  rows: readonly Row[],
  signedIn: boolean,
): string {
  const namespaceColumn = has('all-namespaces');
  if (option('output') === 'name') {
    const nameOf = namespaceColumn
      ? ({ namespace, name }: Row) => `${namespace}/${name}`
      : namesAmong(rows);
    return sorted(rows)
      .map((row) => `${nameOf(row)}\n`)
      .join('');
  }
  return table(rows, {
    signedIn,
    now: now(),
    wide: option('output') === 'wide',
    namespaceColumn,
    headers: !has('no-headers'),
  });
}

function tellStale({ info }: CommandContext, rows: readonly Row[]): void {
  const stale = rows.filter((row) => row.stale);
  if (stale.length === 0) return;
  const whose =
    stale.length === rows.length
      ? 'all'
      : sorted(stale).slice(0, 3).map(namesAmong(rows)).join(', ');
  const more =
    stale.length > 3 && stale.length < rows.length ? ` and ${String(stale.length - 3)} more` : '';
  info(
    `Warning: STATE of ${whose}${more} is old: no sweep has looked for two heartbeats. Is the sweep running?`,
  );
}
