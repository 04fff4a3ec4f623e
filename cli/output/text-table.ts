import { oneLine } from '../../functions/model/outside-text.ts';

/** Above every name, and what a message of a condition may have. */
const longestCell = 1_024;

/**
 * A text from outside as one cell, or as one line: whatever it holds, it can neither forge a row
 * nor control the terminal.
 */
export const cellText = (text: string): string => oneLine(text, longestCell);

/** Rows of cells as text: three spaces between columns, no spaces at the end of a line. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((cells) => cells.map(cellText));
  const widths = (lines[0] ?? []).map((_, index) =>
    lines.reduce((width, line) => Math.max(width, line[index]?.length ?? 0), 0),
  );
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}
