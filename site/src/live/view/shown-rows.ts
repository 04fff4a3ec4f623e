/** Which rows the page shows, in which order, and what it says about them. Pure. */
import { matches, sortedBy } from '../../../../cli/commands/list/list-filter.ts';
import { counted } from '../../../../cli/output/table.ts';
import { needsSignIn } from '../../../../cli/output/status-text.ts';
import { defined } from '../../../../functions/model/defined.ts';
import type { Row } from '../../../../functions/model/wire/server-wire.ts';
import { type Choice, isFiltered } from './view-choice.ts';

/** The rows that pass, in the order that was chosen. */
export function shownRows(rows: readonly Row[], choice: Choice): readonly Row[] {
  const passing = rows.filter((row) => isShown(row, choice));
  const { sort, isDescending } = choice;
  const ordered = sort === 'checked' ? lastCheckedFirst(passing) : sortedBy(passing, sort);
  return isDescending ? ordered.toReversed() : ordered;
}

function isShown(row: Row, { words, state, session, needs, namespace }: Choice): boolean {
  if (namespace !== undefined && row.namespace !== namespace) return false;
  const filter = defined({
    states: state === undefined ? undefined : [state],
    sessions: session === undefined ? undefined : [session],
    needs: needs === undefined ? undefined : [needs],
  });
  if (!matches(filter, row)) return false;
  if (words === '') return true;
  const text = textOf(row);
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const textOf = (row: Row): string =>
  [
    `${row.namespace}/${row.name}`,
    row.type,
    row.state,
    row.reason,
    row.session?.status,
    row.description,
    row.url,
  ]
    .filter((text) => text !== undefined)
    .join('\n')
    .toLowerCase();

/** What was never probed comes last. */
const lastCheckedFirst = (rows: readonly Row[]): readonly Row[] =>
  sortedBy(rows, undefined).toSorted((one, other) => checkedAt(other) - checkedAt(one));

const checkedAt = ({ lastAttempt }: Row): number =>
  lastAttempt === undefined ? 0 : Date.parse(lastAttempt);

/** `12 servers, 2 down, 1 requires you to sign in` */
export function summaryOf(rows: readonly Row[], shown: readonly Row[], choice: Choice): string {
  const servers = counted(rows.length, 'server');
  const among = isFiltered(choice) ? shown : rows;
  const count = (isCounted: (row: Row) => boolean): number => among.filter(isCounted).length;
  const waiting = count(needsSignIn);
  return [
    isFiltered(choice) ? `${String(shown.length)} of ${servers}` : servers,
    ...some(
      count(({ state }) => state === 'Failed'),
      'down',
    ),
    ...some(
      count(({ state }) => state === 'Connecting'),
      'connecting',
    ),
    ...some(waiting, `${waiting === 1 ? 'requires' : 'require'} you to sign in`),
  ].join(', ');
}

const some = (count: number, what: string): readonly string[] =>
  count === 0 ? [] : [`${String(count)} ${what}`];

/** How many rows each STATE has, in the order a person looks at them. */
export function stateCounts(rows: readonly Row[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { state = '-' } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const usual = ['Connected', 'Connecting', 'Failed'];
  const others = [...counts.keys()].filter((state) => !usual.includes(state)).toSorted();
  return [...usual, ...others].map((state) => [state, counts.get(state) ?? 0]);
}
