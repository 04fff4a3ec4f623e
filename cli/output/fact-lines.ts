import { cellText } from './text-table.ts';

/** A name, and what is known; undefined: that is not known, and has no line. */
export type Fact = readonly [name: string, text: string | undefined];

/** Below `State:     `: where the texts of the lines begin. */
export const factIndent = ' '.repeat(11);

/** One line for each known fact: `State:     Connected`. */
export const factLines = (facts: readonly Fact[]): string =>
  facts
    .flatMap(([fact, text]) => (text === undefined ? [] : [`${label(fact)}${cellText(text)}\n`]))
    .join('');

export const label = (fact: string): string => `${fact}:`.padEnd(factIndent.length - 1) + ' ';
