/** What a person chose to see, as the address of the page keeps it. Pure. */
import {
  type Need,
  needs,
  type SortKey,
  sortKeys,
} from '../../../../cli/commands/list/list-filter.ts';
import { defined } from '../../../../functions/model/defined.ts';

/** `checked`: the last probe that was written. The others sort as `muster list --sort-by` does. */
export const sortColumns = [...sortKeys, 'checked'] as const;
export type SortColumn = SortKey | 'checked';

export type Choice = {
  /** Words that must all occur in a row. Empty: every row. */
  readonly words: string;
  readonly state?: string;
  readonly session?: string;
  readonly needs?: Need;
  readonly namespace?: string;
  /** Absent: by namespace and name. */
  readonly sort?: SortColumn;
  readonly isDescending: boolean;
};

export const everything: Choice = { words: '', isDescending: false };

/** Reads `?q=&state=&session=&needs=&ns=&sort=`. What it does not know, it leaves out. */
export function choiceOf(search: string): Choice {
  const parameters = new URLSearchParams(search);
  const given = (name: string): string | undefined => parameters.get(name) || undefined;
  const sortText = given('sort');
  const sort = sortColumns.find((column) => column === sortText?.replace(/^-/, ''));
  return defined({
    words: given('q') ?? '',
    state: given('state'),
    session: given('session'),
    needs: needs.find((need) => need === given('needs')),
    namespace: given('ns'),
    sort,
    isDescending: sort !== undefined && sortText?.startsWith('-') === true,
  });
}

/** The other way round: empty, or `?` and what differs from `everything`. */
export function searchOf(choice: Choice): string {
  const { words, state, session, namespace, sort, isDescending } = choice;
  const given = defined({
    q: words === '' ? undefined : words,
    state,
    session,
    needs: choice.needs,
    ns: namespace,
    sort: sort === undefined ? undefined : `${isDescending ? '-' : ''}${sort}`,
  });
  const text = new URLSearchParams(given).toString();
  return text === '' ? '' : `?${text}`;
}

/** The choice with some of its parts changed; undefined takes one away. */
export function withParts(
  before: Choice,
  parts: { readonly [Part in keyof Choice]?: Choice[Part] | undefined },
): Choice {
  const { words = '', isDescending = false, ...rest } = { ...before, ...parts };
  return defined({ ...rest, words, isDescending });
}

/** Whether rows are hidden by it. */
export const isFiltered = ({ words, state, session, needs: need, namespace }: Choice): boolean =>
  words !== '' || [state, session, need, namespace].some((part) => part !== undefined);

/** A press on the header of a column: ascending, descending, then the usual order. */
export function pressed(choice: Choice, column: SortColumn): Choice {
  const { sort, isDescending, ...rest } = choice;
  if (sort !== column) return { ...rest, sort: column, isDescending: false };
  return isDescending ? { ...rest, isDescending: false } : { ...rest, sort, isDescending: true };
}
