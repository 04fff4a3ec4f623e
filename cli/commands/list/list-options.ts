/** What the flags of a list ask for. */
import { states, serverTypes } from '../../../functions/model/mcpserver.ts';
import type { SessionStatus } from '../../../functions/model/wire/server-wire.ts';
import { CliError, type CommandContext } from '../../context.ts';
import { nearest } from '../../near-names.ts';
import { type ColumnName, columnNamed, columnNames, isOfPerson } from '../../output/columns.ts';
import { timeSpan } from '../../time-span.ts';
import { type ListFilter, needs, sortKeys, type SortKey } from './list-filter.ts';
import { defined } from '../../../functions/model/defined.ts';

export type ListOptions = {
  readonly filter: ListFilter;
  /** The filter and the labels as they were typed, for messages. Absent: there are none. */
  readonly filterText?: string;
  /** Absent: by namespace and name. */
  readonly sortKey?: SortKey;
  readonly columns?: readonly ColumnName[];
  readonly limit?: number;
  readonly intervalMs: number;
  /** Something is asked for that only a person who is signed in has. */
  readonly needsPerson: boolean;
  /** Something is shown, or sorted by, that only the conditions say. */
  readonly withConditions: boolean;
};

const usualIntervalMs = 10_000;
const leastIntervalMs = 1_000;

/** Throws a `CliError` that names the valid values, the nearest first. */
export function listOptions({ option, has }: Pick<CommandContext, 'option' | 'has'>): ListOptions {
  const chosen = <Value extends string>(flag: string, values: readonly Value[]) => {
    const text = option(flag);
    return text === undefined ? undefined : valuesIn(flag, text, values);
  };
  const columnText = option('columns');
  const output = option('output') ?? 'table';
  if (columnText !== undefined && output !== 'table' && output !== 'wide')
    throw new CliError(`--columns cannot be combined with -o ${output}.`, {
      hint: 'Use jq to choose fields of -o json.',
    });
  const columns = columnText === undefined ? undefined : columnsIn(columnText);
  const filter = defined({
    states: chosen('state', [...states, none]),
    sessions: chosen('session', sessions),
    types: chosen('type', serverTypes),
    needs: chosen('needs', needs),
  });
  const sortText = option('sort-by');
  const sortKey = sortText === undefined ? undefined : valueIn('sort-by', sortText, sortKeys);
  const limit = option('limit');
  const interval = timeSpan(option('interval') ?? '');
  if (has('interval') && !has('watch'))
    throw new CliError('--interval needs --watch.', { hint: 'Add --watch.' });
  return defined({
    filter,
    filterText: textOf(option),
    sortKey,
    columns,
    limit: limit === undefined ? undefined : Number(limit),
    intervalMs: Math.max(leastIntervalMs, interval ?? usualIntervalMs),
    withConditions:
      columns !== undefined || sortKey === 'since' || (output !== 'table' && output !== 'name'),
    needsPerson:
      filter.sessions !== undefined ||
      filter.needs?.includes('sign-in') === true ||
      columns?.some(isOfPerson) === true,
  });
}

/** `sessionStatuses` of the wire, whose schemas would come along. */
const sessions: readonly SessionStatus[] = ['Authenticated', 'Pending Auth', 'Expired', '-'];

/** How `-` is typed: a value that begins with a dash looks like a flag. */
const none = '-';
const typed = (value: string): string =>
  value === none ? 'none' : value.toLowerCase().replaceAll(' ', '-');

/** A list with commas. */
const valuesIn = <Value extends string>(
  flag: string,
  text: string,
  values: readonly Value[],
): readonly Value[] => text.split(',').map((part) => valueIn(flag, part, values));

/** Without regard to case; a blank is as good as a dash. */
function valueIn<Value extends string>(
  flag: string,
  text: string,
  values: readonly Value[],
): Value {
  const wanted = text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');
  const value = values.find((known) => typed(known) === wanted || known === wanted);
  if (value !== undefined) return value;
  throw unknownValue(`value of --${flag}`, `--${flag}`, text, values.map(typed));
}

const columnsIn = (text: string): readonly ColumnName[] =>
  text.split(',').map((part) => {
    const name = columnNamed(part);
    if (name === undefined) throw unknownValue('column', '--columns', part, columnNames);
    return name;
  });

function unknownValue(
  what: string,
  flag: string,
  text: string,
  values: readonly string[],
): CliError {
  const near = nearest(text.trim(), values);
  return new CliError(
    `Unknown ${what} "${text.trim()}" (valid: ${values.join(', ')}).`,
    near === undefined ? {} : { hint: `Did you mean: ${flag} ${near}` },
  );
}

const filterFlags = ['selector', 'state', 'session', 'type', 'needs'] as const;

function textOf(option: CommandContext['option']): string | undefined {
  const flags = filterFlags.flatMap((flag) => {
    const value = option(flag);
    return value === undefined ? [] : [`${flag === 'selector' ? '-l' : `--${flag}`} ${value}`];
  });
  return flags.length === 0 ? undefined : flags.join(' ');
}
