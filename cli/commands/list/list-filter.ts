/** Which rows a list shows, and in which order. Pure: what is asked for was checked before. */
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { sinceOf } from '../../output/columns.ts';
import { needsSignIn } from '../../output/status-text.ts';
import { sorted, stateCell } from '../../output/table.ts';

export const needs = ['sign-in', 'repair'] as const;
export type Need = (typeof needs)[number];

export const sortKeys = ['name', 'state', 'session', 'type', 'since', 'expires', 'reason'] as const;
export type SortKey = (typeof sortKeys)[number];

/** What a row has to be. Absent: it does not matter. */
export type ListFilter = {
  readonly states?: readonly string[];
  readonly sessions?: readonly string[];
  readonly types?: readonly string[];
  readonly needs?: readonly Need[];
};

/** Whether a row passes: every part of the filter, and one value of each part. */
export const matches = (
  { states, sessions, types, needs: wanted }: ListFilter,
  row: Row,
): boolean =>
  (states === undefined || states.includes(stateCell(row))) &&
  (sessions === undefined || sessions.includes(row.session?.status ?? '-')) &&
  (types === undefined || types.includes(row.type)) &&
  (wanted === undefined || wanted.some((need) => isInNeed(need, row)));

function isInNeed(need: Need, row: Row): boolean {
  switch (need) {
    case 'sign-in':
      return needsSignIn(row);
    case 'repair':
      return row.state === 'Failed' || row.state === 'Connecting' || row.speaksMcp === 'False';
  }
}

/** The rows that pass, in the order that was asked for. */
export const selectedRows = (
  rows: readonly Row[],
  { filter, sortKey }: { readonly filter: ListFilter; readonly sortKey?: SortKey | undefined },
): readonly Row[] =>
  sortedBy(
    rows.filter((row) => matches(filter, row)),
    sortKey,
  );

/** By the key, what a person has to look at first; then by namespace and name. */
export function sortedBy(rows: readonly Row[], key: SortKey | undefined): readonly Row[] {
  if (key === undefined) return sorted(rows);
  const valueOf = sortValue(key);
  return sorted(rows)
    .map((row) => ({ row, value: valueOf(row) }))
    .sort(({ value: a }, { value: b }) => (a < b ? -1 : Number(a > b)))
    .map(({ row }) => row);
}

/** Behind every value of a list of words, and behind every text of ASCII. */
const last = '￿';

function sortValue(key: SortKey): (row: Row) => string | number {
  switch (key) {
    case 'name':
      return (row) => row.name;
    case 'state':
      return (row) => rank(['Failed', 'Connecting', 'Connected'], stateCell(row));
    case 'session':
      return (row) =>
        rank(['Expired', 'Pending Auth', 'Authenticated'], row.session?.status ?? '-');
    case 'type':
      return (row) => row.type;
    case 'since':
      return (row) => -time(sinceOf(row), 0);
    case 'expires':
      return (row) => time(row.session?.expiresAt, Infinity);
    case 'reason':
      return (row) => row.reason ?? last;
  }
}

const rank = (words: readonly string[], word: string): number =>
  words.includes(word) ? words.indexOf(word) : words.length;

const time = (text: string | undefined, missing: number): number =>
  text === undefined ? missing : new Date(text).getTime();
