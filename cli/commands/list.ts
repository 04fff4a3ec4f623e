import type { Row } from '../../functions/model/wire.ts';
import { connect, type EndpointConnection } from '../auth/connect.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { isStructured, structured } from '../output/yaml.ts';
import { listServers } from '../api/mcpservers.ts';
import { counted, sorted } from '../output/table.ts';
import { matches, sortedBy } from './list-filter.ts';
import { listNotes, staleNote } from './list-notes.ts';
import { type ListOptions, listOptions } from './list-options.ts';
import { listText, measured } from './list-text.ts';

/** `muster list mcpserver` */
export async function list(context: CommandContext): Promise<ExitCode> {
  const options = listOptions(context);
  const connection = await connect(context);
  if (options.needsPerson && connection.tokens === undefined) throw notSignedIn(connection);
  if (context.has('watch')) return (await import('./watch.ts')).watch(context, connection, options);
  const servers = await context.waitingFor(
    'Listing MCPServers',
    listServers(connection, context.option('namespace'), context.option('selector')),
  );
  const chosen = sortedBy(
    servers.rows.filter((row) => matches(options.filter, row)),
    options.sortKey,
  );
  const rows = chosen.slice(0, options.limit);
  const { columns } = options;
  const format = context.option('output');
  if (isStructured(format)) {
    const { problems } = servers;
    context.print(structured({ items: rows, problems }, format));
  } else if (rows.length > 0)
    context.print(
      await measured((widthOf) =>
        listText(context, rows, { columns, signedIn: connection.tokens !== undefined, widthOf }),
      ),
    );
  if (rows.length === 0) context.info(noneText(servers.rows.length, options));
  if (rows.length < chosen.length)
    context.info(
      `${String(rows.length)} of ${counted(chosen.length, 'MCPServer')} (--limit ${String(rows.length)})`,
    );
  for (const note of listNotes(servers, context.now())) context.info(note);
  return exitCodes.done;
}

/** Rows by namespace and name, as text. */
export const rowText = (context: CommandContext, rows: readonly Row[], signedIn: boolean): string =>
  listText(context, sorted(rows), { signedIn });

/** One line about nothing. */
function noneText(count: number, { filterText }: ListOptions): string {
  if (filterText === undefined) return 'No MCPServers found';
  const of = count === 0 ? '' : ` (of ${counted(count, 'MCPServer')})`;
  return `No MCPServers found with ${filterText}${of}`;
}

export function warnOfStale({ info }: CommandContext, rows: readonly Row[]): void {
  const note = staleNote(rows);
  if (note !== undefined) info(note);
}

const notSignedIn = ({ endpoint }: EndpointConnection): CliError =>
  new CliError(`You are not signed in to ${endpoint}.`, {
    exitCode: exitCodes.signInRequired,
    hint: 'Run: muster auth login',
  });
