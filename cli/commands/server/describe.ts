import { defined } from '../../../functions/model/defined.ts';
import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import type { Change, ExplainedRow, Row } from '../../../functions/model/wire/server-wire.ts';
import { readChanges } from '../../api/changes.ts';
import { type Connection, readServer } from '../../api/mcpservers.ts';
import { inParallel } from '../../api/in-parallel.ts';
import { RequestFailure } from '../../api/request.ts';
import { connect } from '../../auth/connect.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { describeText } from '../../output/describe-text.ts';
import { sorted } from '../../output/table.ts';
import { isStructured, structured } from '../../output/yaml.ts';
import { readNamed, serverNames } from './named-servers.ts';

/** `muster describe NAME...` */
export async function describe(context: CommandContext): Promise<ExitCode> {
  const names = serverNames(context);
  const connection = await connect(context);
  const { rows, problem } = await readNamed(connection, names);
  const known = await context.waitingFor(
    'Reading',
    inParallel(parallel, sorted(rows), (row) => everythingAbout(context, connection, row)),
  );
  const format = context.option('output');
  const view = {
    signedIn: connection.tokens !== undefined,
    now: context.now(),
    paint: context.paint,
  };
  if (isStructured(format)) {
    const items = known.map(({ row, changes }) => defined({ ...row, changes }));
    if (items.length > 0)
      context.print(structured(names.length === 1 ? items[0] : { items }, format));
  } else context.print(known.map((facts) => describeText({ ...facts, ...view })).join('\n'));
  if (problem !== undefined) throw problem;
  return exitCodes.done;
}

const parallel = 8;

type Facts = { readonly row: ExplainedRow; readonly changes?: readonly Change[] };

/** A row of a list lacks what only the answer about one server has. */
async function everythingAbout(
  { info }: CommandContext,
  connection: Connection,
  listed: Row,
): Promise<Facts> {
  const [row = listed, changes] = await Promise.all([
    readServer(connection, listed),
    readChanges(connection, listed).catch((error: unknown) => {
      // All other facts are still worth showing.
      if (!(error instanceof RequestFailure)) throw error;
      info(`Warning: The changes of ${qualifiedName(listed)} could not be read: ${error.message}`);
      return undefined;
    }),
  ]);
  return defined({ row, changes });
}
