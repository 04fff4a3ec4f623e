import type { ExplainedRow, Row } from '../../../functions/model/wire/server-wire.ts';
import { connect } from '../../auth/connect.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { sorted } from '../../output/table.ts';
import { isStructured, structured } from '../../output/yaml.ts';
import { list, rowText, warnOfStale } from './list.ts';
import { readNamed, serverNames } from '../server/named-servers.ts';

/** `muster get mcpserver [NAME...]`: without a name it lists. */
export async function get(context: CommandContext): Promise<ExitCode> {
  const names = serverNames(context);
  if (names.length === 0) return list(context);
  const connection = await connect(context);
  const { rows: read, problem } = await readNamed(connection, names);
  // A row is the same whether it came with the list or not; describe has the rest.
  const rows = read.map(withoutExplanation);
  const format = context.option('output');
  if (rows.length > 0)
    context.print(
      isStructured(format)
        ? structured(names.length === 1 ? rows[0] : { items: sorted(rows) }, format)
        : rowText(context, rows, connection.tokens !== undefined),
    );
  warnOfStale(context, rows);
  if (problem !== undefined) throw problem;
  return exitCodes.done;
}

function withoutExplanation({ explained: _explained, ...row }: ExplainedRow): Row {
  return row;
}
