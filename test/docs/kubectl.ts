import * as z from 'zod/mini';

const tableSchema = z.object({
  columnDefinitions: z.array(z.object({ name: z.string(), priority: z.number() })),
  rows: z.array(z.object({ cells: z.array(z.union([z.string(), z.boolean(), z.null()])) })),
});

/** A Table of the cluster as kubectl prints it: three spaces apart, null is empty. */
export function kubectlTable(table: unknown, wide: boolean): string {
  const { columnDefinitions, rows } = tableSchema.parse(table);
  const shown = columnDefinitions.flatMap(({ priority }, index) =>
    wide || priority === 0 ? [index] : [],
  );
  const header = columnDefinitions.map(({ name }) => name.toUpperCase());
  const lines = [header, ...rows.map(({ cells }) => cells.map((cell) => String(cell ?? '')))].map(
    (line) => shown.map((index) => line[index] ?? ''),
  );
  const widths = shown.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((text, at) => text.padEnd(widths[at] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}
