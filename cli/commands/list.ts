import type { Row } from '../../functions/model/wire.ts';
import { connect } from '../auth/connect.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { isStructured, structured } from '../output/yaml.ts';
import { listServers } from '../api/mcpservers.ts';
import { cellText } from '../output/text-table.ts';
import { age, sorted, table } from '../output/table.ts';
import { namesAmong } from '../../functions/model/mcpserver.ts';

/** `muster list mcpserver` */
export async function list(context: CommandContext): Promise<ExitCode> {
  const connection = await connect(context);
  const { rows, problems, stoppedSince } = await listServers(
    connection,
    context.option('namespace'),
  );
  const format = context.option('output');
  if (isStructured(format)) context.print(structured({ items: sorted(rows) }, format));
  else if (rows.length > 0) context.print(rowText(context, rows, connection.tokens !== undefined));
  if (rows.length === 0)
    context.info(
      context.has('namespace')
        ? `No MCPServers found in ${context.option('namespace') ?? ''}`
        : 'No MCPServers found',
    );
  for (const { namespace, name, message } of problems)
    context.info(cellText(`Warning: ${namespace}/${name} cannot be shown: ${message}`));
  if (stoppedSince === undefined) warnOfStale(context, rows);
  else
    context.info(
      `Warning: No sweep for ${age(context.now().getTime() - stoppedSince.getTime())}; STATE may be stale. Check the schedule.`,
    );
  return exitCodes.done;
}

export function rowText(
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
      .map((row) => `${cellText(nameOf(row))}\n`)
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

export function warnOfStale({ info }: CommandContext, rows: readonly Row[]): void {
  const stale = rows.filter((row) => row.stale);
  if (stale.length === 0) return;
  const whose =
    stale.length === rows.length && rows.length > 1
      ? 'all servers'
      : cellText(sorted(stale).slice(0, 3).map(namesAmong(rows)).join(', '));
  const more =
    stale.length > 3 && stale.length < rows.length ? ` and ${String(stale.length - 3)} more` : '';
  info(
    `Warning: STATE of ${whose}${more} may be stale: ${
      stale.every(({ reason }) => reason === 'ProberOffline')
        ? 'the prober is offline (ProberOffline). Ask the owner of the functions to check their network.'
        : 'no update for two heartbeats. Check that the sweep runs.'
    }`,
  );
}
