import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { connect } from '../../auth/connect.ts';
import { notSignedIn } from '../../auth/not-signed-in.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { isStructured, structured } from '../../output/yaml.ts';
import { listServers } from '../../api/mcpservers.ts';
import { counted, sorted } from '../../output/table.ts';
import { selectedRows } from './list-filter.ts';
import { listNotes, reasonNotes, staleNote } from './list-notes.ts';
import { type ListOptions, listOptions } from './list-options.ts';
import { listText, measuredText, type WidthOf } from './list-text.ts';

/**
 * `muster list mcpserver`. `widthOfCells` is asked for cells that are not ASCII; without it they are
 * taken for as wide as they are long.
 */
export async function list(
  context: CommandContext,
  widthOfCells?: () => Promise<WidthOf>,
): Promise<ExitCode> {
  const options = listOptions(context);
  const connection = await connect(context);
  if (options.needsPerson && connection.tokens === undefined)
    throw await notSignedIn(connection.endpoint, context);
  const servers = await context.waitingFor(
    'Listing MCPServers',
    listServers(connection, {
      namespace: context.option('namespace'),
      labelSelector: context.option('selector'),
      withConditions: options.withConditions,
    }),
  );
  const chosen = selectedRows(servers.rows, options);
  const rows = chosen.slice(0, options.limit);
  const signedIn = connection.tokens !== undefined;
  const textWith = (widthOf?: WidthOf) =>
    listText(context, rows, { columns: options.columns, signedIn, widthOf });
  const format = context.option('output');
  if (isStructured(format)) {
    const { problems } = servers;
    context.print(structured({ items: rows, problems }, format));
  } else if (rows.length > 0) context.print(await measuredText(textWith, widthOfCells));
  if (rows.length === 0) context.info(noneText(servers.rows.length, options, context));
  if (rows.length < chosen.length)
    context.info(
      `${String(rows.length)} of ${counted(chosen.length, 'MCPServer')} (--limit ${String(rows.length)})`,
    );
  if (format === 'wide')
    for (const note of reasonNotes(rows, servers.reasonPages)) context.info(note);
  for (const note of listNotes(servers, context.now())) context.info(note);
  return exitCodes.done;
}

/** Rows by namespace and name, as text. */
export const rowText = (context: CommandContext, rows: readonly Row[], signedIn: boolean): string =>
  listText(context, sorted(rows), { signedIn });

/** One line about nothing: with what, where, and of how many. */
function noneText(
  count: number,
  { filterText }: ListOptions,
  { option }: Pick<CommandContext, 'option'>,
): string {
  const namespace = option('namespace');
  return [
    'No MCPServers found',
    ...(filterText === undefined ? [] : [`with ${filterText}`]),
    ...(namespace === undefined ? [] : [`in ${namespace}`]),
    ...(filterText === undefined || count === 0 ? [] : [`(of ${counted(count, 'MCPServer')})`]),
  ].join(' ');
}

export function warnOfStale({ info }: CommandContext, rows: readonly Row[]): void {
  const note = staleNote(rows);
  if (note !== undefined) info(note);
}
