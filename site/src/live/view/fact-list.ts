import type { Fact } from '../../../../cli/output/fact-lines.ts';
import { cellText } from '../../../../cli/output/text-table.ts';
import { type Child, element } from './dom.ts';

/** A name, and what is known as text or as nodes; undefined: that is not known, and has no line. */
export type ShownFact = readonly [name: string, shown: Child];

/** Facts as a list of terms. */
export const factList = (facts: readonly ShownFact[]): HTMLElement =>
  element(
    'dl',
    { class: 'facts' },
    ...facts.flatMap(([name, shown]) =>
      shown === undefined
        ? []
        : [
            element('dt', {}, name),
            element('dd', {}, typeof shown === 'string' ? cellText(shown) : shown),
          ],
    ),
  );

/** The facts of the command line, without those that the page shows in another way. */
export const factsBut = (facts: readonly Fact[], ...left: readonly string[]): readonly Fact[] =>
  facts.filter(([name]) => !left.includes(name));
