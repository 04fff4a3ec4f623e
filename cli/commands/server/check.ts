import { namesAmong } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { type Connection, listServers } from '../../api/mcpservers.ts';
import { connectAsPerson } from '../../auth/connect.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { isStructured, structured } from '../../output/yaml.ts';
import { checkEach, type Checked } from './check-each.ts';
import { checkKindOf, isWorthChecking } from './check-kinds.ts';
import { readNamed, serverNames } from './named-servers.ts';

/**
 * `muster check NAME...`: 0 when every server is as it should be, 4 when one is not, 1 when one
 * could not be checked.
 */
export async function check(context: CommandContext): Promise<ExitCode> {
  const kind = checkKindOf(context);
  const names = serverNames(context);
  if (context.has('all') && names.length > 0)
    throw new CliError('--all cannot be combined with names.', {
      hint: 'Run: muster check --all',
    });
  if (!context.has('all') && names.length === 0)
    throw new CliError('Missing argument NAME.', {
      hint: 'Name one or more servers, or check them all. Run: muster check --all',
    });
  const connection = await connectAsPerson(context);
  const { rows, problem } = context.has('all')
    ? await rowsOfAll(context, connection)
    : await readNamed(connection, names);

  const isOne = names.length === 1;
  const format = context.option('output');
  const labelOf = namesAmong(rows);
  let printed = 0;
  const print = ({ row, result }: Checked): void => {
    if (isStructured(format)) return;
    const view = { now: context.now(), paint: context.paint, label: labelOf(row) };
    const gap = kind.isLong && printed > 0 ? '\n' : '';
    context.print(`${gap}${result.text(view)}`);
    printed += 1;
  };
  const what = isOne ? (rows[0]?.name ?? '') : `${String(rows.length)} servers`;
  const { checked, problems, stopped } = await context.waitingFor(
    `Checking ${what}`,
    checkEach(rows, (row) => kind.check(connection, row), print),
  );

  // With one name, its problem is the only thing to say.
  const [only] = problems;
  if (isOne && only !== undefined) throw only.error;
  if (isStructured(format) && (checked.length > 0 || !isOne)) {
    const items = checked.map(({ result }) => result.answer);
    const unchecked = problems.map(({ row: { namespace, name }, error: { message } }) => ({
      namespace,
      name,
      message,
    }));
    context.print(structured(isOne ? items[0] : { items, problems: unchecked }, format));
  }
  if (stopped !== undefined) throw stopped;
  if (only !== undefined) throw incomplete(problems.length, only.error);
  if (problem !== undefined) throw problem;
  return checked.every(({ result }) => result.isMet) ? exitCodes.done : exitCodes.notMet;
}

/** Those that are down first: if the limit is reached, these have been checked. */
async function rowsOfAll(
  context: CommandContext,
  connection: Connection,
): Promise<{ readonly rows: readonly Row[]; readonly problem?: undefined }> {
  const namespace = context.option('namespace');
  const { rows } = await listServers(connection, { namespace, withConditions: false });
  const kind = checkKindOf(context);
  const worth = rows.filter((row) => isWorthChecking(kind, row));
  const left = rows.length - worth.length;
  if (rows.length === 0) context.info('No MCPServers found');
  if (left > 0)
    context.info(`Left out: ${String(left)} of ${String(rows.length)} servers, ${kind.leftOut}.`);
  const isUp = ({ state }: Row): number => Number(state === 'Connected');
  return { rows: [...worth].sort((a, b) => isUp(a) - isUp(b)) };
}

const incomplete = (count: number, first: CliError): CliError =>
  count === 1
    ? first
    : new CliError(
        `${String(count)} servers could not be checked. The first error: ${first.message}`,
        {
          hint: first.hint,
        },
      );
