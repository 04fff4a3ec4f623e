/** What changed between two lists. Pure. */
import { namesAmong } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { sessionCell, sorted, stateCell } from '../../output/table.ts';

/** `row` as it is now; of one that was removed, as it was. */
export type RowChange = {
  readonly type: 'added' | 'changed' | 'removed';
  readonly name: string;
  readonly row: Row;
  /** For people: `Failed -> Connected`. */
  readonly text: string;
};

/**
 * The changes that concern the rows that `matches` selects, before or now, by namespace and name. A
 * server that was deleted and created again was removed and added.
 */
export function rowChanges(
  before: readonly Row[],
  after: readonly Row[],
  matches: (row: Row) => boolean = () => true,
): readonly RowChange[] {
  // The endpoint has said that nothing changed.
  if (before === after) return [];
  const nameOf = namesAmong(unique([...after, ...before]));
  const old = new Map(before.map((row) => [row.uid, row]));
  const present = new Set(after.map(({ uid }) => uid));
  const removed = before.filter((row) => !present.has(row.uid) && matches(row));
  const changes: readonly RowChange[] = [
    ...removed.map((row) => ({
      type: 'removed' as const,
      row,
      name: nameOf(row),
      text: 'removed',
    })),
    ...after.flatMap((row) => changesOf(row, old.get(row.uid), { matches, name: nameOf(row) })),
  ];
  const order = new Map(sorted(changes.map(({ row }) => row)).map((row, index) => [row, index]));
  return [...changes].sort((one, other) => (order.get(one.row) ?? 0) - (order.get(other.row) ?? 0));
}

type Asked = { readonly matches: (row: Row) => boolean; readonly name: string };

function changesOf(row: Row, before: Row | undefined, { matches, name }: Asked): RowChange[] {
  if (before === undefined)
    return matches(row) ? [{ type: 'added', name, row, text: addedText(row) }] : [];
  const text = textOf(before, row);
  if (text === undefined) return [];
  const [was, is] = [matches(before), matches(row)];
  if (!was && !is) return [];
  return [{ type: was ? (is ? 'changed' : 'removed') : 'added', name, row, text }];
}

const addedText = (row: Row): string =>
  row.state === undefined ? 'added' : `added, ${stateText(row)}`;

/** Undefined: nothing that a list shows is different. */
function textOf(before: Row, row: Row): string | undefined {
  // That SESSION is - while a server is down says nothing new.
  if (stateCell(before) !== stateCell(row)) return `${stateCell(before)} -> ${stateText(row)}`;
  const parts = [
    difference('', sessionCell(before), sessionCell(row)),
    difference('REASON ', before.reason, row.reason),
    difference('TYPE ', before.type, row.type),
    difference('URL ', before.url, row.url),
    before.stale === row.stale ? undefined : row.stale ? 'stale' : 'no longer stale',
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** A failure with its reason. */
const stateText = (row: Row): string =>
  row.state === 'Connected' || row.reason === undefined
    ? stateCell(row)
    : `${stateCell(row)} (${row.reason})`;

const difference = (
  what: string,
  before: string | undefined,
  after: string | undefined,
): string | undefined =>
  before === after ? undefined : `${what}${before ?? '-'} -> ${after ?? '-'}`;

const unique = (rows: readonly Row[]): readonly Row[] => [
  ...new Map(rows.map((row) => [row.uid, row])).values(),
];
