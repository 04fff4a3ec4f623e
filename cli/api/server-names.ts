import type { Row } from '../../functions/model/wire/server-wire.ts';
import { namesAmong, qualifiedName } from '../../functions/model/mcpserver.ts';
import { CliError } from '../context.ts';
import { nearNames } from '../near-names.ts';
import { cellText } from '../output/text-table.ts';
import { isObjectName } from './guards.ts';

/** What a person typed for a server: `server-a`, `team-a/server-a`, or a name and `-n`. */
export type ServerName = {
  /** As it was typed. */
  readonly text: string;
  readonly namespace?: string;
  readonly name: string;
};

/**
 * Reads a name before anything is sent: it becomes a part of an address. Throws a `CliError` for
 * what no server can be called.
 */
export function parseServerName(text: string, namespace?: string): ServerName {
  if (namespace !== undefined && !isNamespace(namespace))
    throw new CliError(`"${cellText(namespace)}" is not a namespace.`, {
      hint: 'Use the name of a Kubernetes namespace, such as default.',
    });
  const parts = text.split('/');
  const [first = '', second] = parts;
  const inNamespace = second === undefined ? namespace : first;
  const name = second ?? first;
  if (
    parts.length > 2 ||
    !isObjectName(name) ||
    (inNamespace !== undefined && !isNamespace(inNamespace))
  )
    throw notAName(text);
  if (second !== undefined && namespace !== undefined && namespace !== first)
    throw new CliError(`"${text}" is not in the namespace ${namespace}.`);
  return inNamespace === undefined ? { text, name } : { text, name, namespace: inNamespace };
}

/** RFC 1123, a label. */
const isNamespace = (text: string): boolean => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text);

function notAName(text: string): CliError {
  const lower = text.toLowerCase();
  return new CliError(`"${cellText(text)}" is not a name.`, {
    hint:
      lower !== text && /^[a-z0-9][a-z0-9./-]*$/.test(lower)
        ? `Names are in lower case. Did you mean ${cellText(lower)}?`
        : 'Use a name such as server-a or default/server-a.',
  });
}

/** There is no such server, or there are several. */
export class NameProblem extends CliError {}
export class NoSuchServer extends NameProblem {}

/** The server of that name among these. Throws a `NameProblem` that names those it could be. */
export function serverAmong(rows: readonly Row[], wanted: ServerName): Row {
  const found = rows.filter(
    ({ namespace, name }) => name === wanted.name && (wanted.namespace ?? namespace) === namespace,
  );
  const [first, second] = found;
  if (first === undefined) throw noSuchServer(rows, wanted);
  if (second === undefined) return first;
  const names = found.map(qualifiedName).sort();
  throw new NameProblem(
    `"${wanted.text}" is in ${String(names.length)} namespaces: ${cellText(names.join(', '))}.`,
    { hint: `Use the full name, for example: ${names[0] ?? ''}` },
  );
}

/** Of these servers none has the name: those with a similar one, or the same elsewhere. */
function noSuchServer(rows: readonly Row[], { namespace, name }: ServerName): NoSuchServer {
  const full = namespace === undefined ? name : qualifiedName({ namespace, name });
  const labelOf = namespace === undefined ? namesAmong(rows) : qualifiedName;
  const near = similarNames(
    name,
    rows.map((row) => row.name),
  ).flatMap((similar) => rows.filter((row) => row.name === similar).map(labelOf));
  return new NoSuchServer(`There is no MCPServer ${full}.`, {
    hint:
      near.length === 0
        ? 'Run: muster list mcpserver'
        : `Did you mean ${cellText(either(near.slice(0, 3)))}? To list all names, run: muster list mcpserver`,
  });
}

/** The same name, else names that differ in few letters, else names that begin like this one. */
function similarNames(name: string, all: readonly string[]): readonly string[] {
  if (all.includes(name)) return [name];
  const near = nearNames(name, all);
  return near.length > 0 || name.length < 3
    ? near
    : [...new Set(all)].filter((other) => other.startsWith(name));
}

/** `a`, `a or b`, `a, b or c` */
const either = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
