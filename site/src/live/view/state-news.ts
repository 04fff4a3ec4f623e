/** Which servers changed their STATE between two lists, and how it is said. Pure. */
import { rowChanges } from '../../../../cli/commands/list/row-changes.ts';
import { stateCell } from '../../../../cli/output/table.ts';
import type { Row } from '../../../../functions/model/wire/server-wire.ts';

export type StateNews = {
  /** STATE before, by uid. */
  readonly before: ReadonlyMap<string, string>;
  /** For a screen reader. Empty: nothing changed. */
  readonly text: string;
};

/** So many are named; a change of all servers is not read out one by one. */
const mostNamed = 5;

export function stateNews(before: readonly Row[], after: readonly Row[]): StateNews {
  const old = new Map(before.map((row) => [row.uid, row]));
  const changed = rowChanges(before, after).flatMap(({ type, row, name }) => {
    const was = old.get(row.uid);
    return type === 'changed' && was !== undefined && stateCell(was) !== stateCell(row)
      ? [{ name, row, was: stateCell(was) }]
      : [];
  });
  const named = changed
    .slice(0, mostNamed)
    .map(({ name, row, was }) => `${name} was ${was} and is ${stateCell(row)}`);
  const more = changed.length - named.length;
  return {
    before: new Map(changed.map(({ row, was }) => [row.uid, was])),
    text: [...named, ...(more === 0 ? [] : [`${String(more)} more changed`])].join('. '),
  };
}
