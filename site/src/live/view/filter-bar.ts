/** What to show: words, STATE, SESSION, what is needed, namespace, and on a phone the order. */
import { needs } from '../../../../cli/commands/list/list-filter.ts';
import { sessionGlossary } from '../../../../functions/model/glossary.ts';
import type { Row } from '../../../../functions/model/wire/server-wire.ts';
import { choose, element, fill, on, setOptions } from './dom.ts';
import { stateCounts } from './shown-rows.ts';
import { stateBadge } from './status-badge.ts';
import { type Choice, sortColumns, withParts } from './view-choice.ts';

export type FilterBar = {
  readonly element: HTMLElement;
  readonly show: (rows: readonly Row[], signedIn: boolean, choice: Choice) => void;
};

/** As `muster list --needs` takes them. */
const needLabels = { 'sign-in': 'My sign-in', repair: 'Repair' } as const;

export function filterBar(chosen: (change: (before: Choice) => Choice) => void): FilterBar {
  const set = (parts: Parameters<typeof withParts>[1]): void =>
    chosen((before) => withParts(before, parts));
  const words = element('input', {
    type: 'search',
    placeholder: 'Name, reason, address',
    'aria-label': 'Filter servers',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  words.addEventListener('input', () => set({ words: words.value.trim() }));
  const states = element('div', { class: 'states', role: 'group', 'aria-label': 'STATE' });
  on(states, 'click', 'button', ({ dataset }) => set({ state: dataset['state'] || undefined }));
  const session = choose('Session', {}, (value) => set({ session: value || undefined }));
  const need = choose('Needs', {}, (value) => set({ needs: needs.find((each) => each === value) }));
  const namespace = choose('Namespace', {}, (value) => set({ namespace: value || undefined }));
  const sort = choose('Sort by', {}, (value) =>
    set({ sort: sortColumns.find((each) => each === value), isDescending: false }),
  );
  sort.label.classList.add('phone');

  return {
    element: element(
      'form',
      { class: 'filter', role: 'search', 'aria-label': 'Servers' },
      words,
      states,
      session.label,
      need.label,
      namespace.label,
      sort.label,
    ),
    show: (rows, signedIn, choice) => {
      if (words.value.trim() !== choice.words) words.value = choice.words;
      fill(states, ...stateButtons(rows, choice.state));
      session.label.hidden = !signedIn;
      const sessions = Object.keys(sessionGlossary).map((each) => [each, each] as const);
      setOptions(session.select, [['', 'Any'], ...sessions], choice.session ?? '');
      const possible = needs.filter((each) => signedIn || each !== 'sign-in');
      setOptions(
        need.select,
        [['', 'Anything'], ...possible.map((each) => [each, needLabels[each]] as const)],
        choice.needs ?? '',
      );
      const namespaces = namespacesOf(rows, choice.namespace);
      namespace.label.hidden = namespaces.length < 2 && choice.namespace === undefined;
      setOptions(
        namespace.select,
        [['', 'All'], ...namespaces.map((each) => [each, each] as const)],
        choice.namespace ?? '',
      );
      setOptions(
        sort.select,
        [['', 'Namespace'], ...sortColumns.map((column) => [column, column] as const)],
        choice.sort ?? '',
      );
    },
  };
}

function stateButtons(rows: readonly Row[], chosen: string | undefined): HTMLElement[] {
  const one = (state: string | undefined, label: Node | string, count: number): HTMLElement =>
    element(
      'button',
      { type: 'button', 'data-state': state ?? '', 'aria-pressed': String(chosen === state) },
      label,
      element('span', { class: 'count' }, String(count)),
    );
  return [
    one(undefined, 'All', rows.length),
    ...stateCounts(rows)
      .filter(([state, count]) => count > 0 || state === chosen)
      .map(([state, count]) => one(state, stateBadge({ state }), count)),
  ];
}

const namespacesOf = (rows: readonly Row[], chosen: string | undefined): readonly string[] =>
  [
    ...new Set([
      ...rows.map(({ namespace }) => namespace),
      ...(chosen === undefined ? [] : [chosen]),
    ]),
  ].toSorted();
