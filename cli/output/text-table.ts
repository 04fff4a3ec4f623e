import { oneLine } from '../../functions/model/outside-text.ts';

/** Above every name, and what a message of a condition may have. */
const longestCell = 1_024;

/**
 * A text from outside as one cell, or as one line: whatever it holds, it can neither forge a row
 * nor control the terminal.
 */
export const cellText = (text: string): string => oneLine(text, longestCell);

/** How the cells of a table are laid out. Without any of it: as for a pipe. */
export type Layout = {
  /** Columns of a terminal that a text takes. Default: its length, which is right for ASCII. */
  readonly widthOf?: (text: string) => number;
  /** Width of the terminal: so many of the last columns are cut to it. Absent: none is cut. */
  readonly fit?: { readonly columns: number; readonly cuttable: number };
  /** A cell in its color; it is padded by itself. */
  readonly paint?: (text: string, row: number, column: number) => string;
};

/** Rows of cells as text: three spaces between columns, no spaces at the end of a line. */
export function textTable(
  rows: readonly (readonly string[])[],
  { widthOf = length, fit, paint = asIs }: Layout = {},
): string {
  const lines = rows.map((cells) => cells.map(cellText));
  const natural = (lines[0] ?? []).map((_, index) =>
    lines.reduce((width, line) => Math.max(width, widthOf(line[index] ?? '')), 0),
  );
  const widths = fit === undefined ? natural : fitted(natural, fit);
  const padded = (text: string, row: number, column: number): string => {
    const width = widths[column] ?? 0;
    const cell = cutTo(text, width, widthOf);
    return `${paint(cell, row, column)}${' '.repeat(Math.max(0, width - widthOf(cell)))}`;
  };
  return lines
    .map(
      (line, row) =>
        `${line
          .map((cell, column) => padded(cell, row, column))
          .join(gap)
          .trimEnd()}\n`,
    )
    .join('');
}

const gap = '   ';
/** A column that is narrower says nothing. */
const least = 8;

const length = (text: string): number => text.length;
const asIs = (text: string): string => text;

/** What a line of columns of these widths takes. */
export const lineWidth = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width + gap.length, -gap.length);

/** The last columns give up what does not fit, the very last one first. */
function fitted(
  widths: readonly number[],
  { columns, cuttable }: NonNullable<Layout['fit']>,
): readonly number[] {
  let over = lineWidth(widths) - columns;
  const fitting = [...widths];
  for (let index = widths.length - 1; index >= widths.length - cuttable && over > 0; index -= 1) {
    const width = widths[index] ?? 0;
    const less = Math.min(over, Math.max(0, width - least));
    fitting[index] = width - less;
    over -= less;
  }
  return fitting;
}

/** The text in at most so many columns; what was cut shows by the ellipsis. */
export function cutTo(text: string, width: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  for (const character of text) {
    if (widthOf(cut + character) >= width) break;
    cut += character;
  }
  return `${cut.trimEnd()}…`;
}
