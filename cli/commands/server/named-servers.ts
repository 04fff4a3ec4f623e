import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import type { ExplainedRow } from '../../../functions/model/wire/server-wire.ts';
import { type Connection, findServers } from '../../api/mcpservers.ts';
import { parseServerName, type ServerName } from '../../api/server-names.ts';
import { CliError, type CommandContext } from '../../context.ts';

/**
 * The servers that the person named, each once. It comes before the first request: a name becomes a
 * part of an address.
 */
export function serverNames({ positionals, option }: CommandContext): readonly ServerName[] {
  const names = positionals.map((text) => parseServerName(text, option('namespace')));
  return [...new Map(names.map((name) => [`${name.namespace ?? ''}/${name.name}`, name])).values()];
}

export type NamedServers = {
  readonly rows: readonly ExplainedRow[];
  /** What is wrong with the other names, to be thrown when the rows are printed. */
  readonly problem?: CliError;
};

/** The servers of these names. One that is not there does not hide the others. */
export async function readNamed(
  connection: Connection,
  names: readonly ServerName[],
): Promise<NamedServers> {
  const found = await findServers(connection, names);
  const rows = new Map(
    found.flatMap((one) => (one.kind === 'found' ? [[qualifiedName(one.row), one.row]] : [])),
  );
  const problems = found.flatMap((one) => (one.kind === 'problem' ? [one.error] : []));
  return { rows: [...rows.values()], ...problemOf(problems) };
}

/** One error for all of them: a command ends with one. */
function problemOf(errors: readonly CliError[]): Pick<NamedServers, 'problem'> {
  const [first] = errors;
  if (first === undefined) return {};
  if (errors.length === 1) return { problem: first };
  const { hint } = first;
  return { problem: new CliError(errors.map(({ message }) => message).join(' '), { hint }) };
}
