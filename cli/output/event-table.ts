import { namesAmong } from '../../functions/model/mcpserver.ts';
import type { Change } from '../../functions/model/wire/server-wire.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { localDateTime } from './local-time.ts';
import { textTable } from './text-table.ts';

/** A change, and whose it is. */
export type ServerChange = { readonly namespace: string; readonly name: string } & Change;

const headers = ['TIME', 'NAME', 'FROM', 'TO', 'REASON', 'MESSAGE'];

export type EventView = {
  readonly headers: boolean;
  /** Width of the terminal, to which messages are cut. Absent: nothing is cut. */
  readonly columns?: number | undefined;
};

/** One line for each change of STATE, in this order. Times are those of the person. */
export function eventTable(changes: readonly ServerChange[], view: EventView): string {
  const servers = new Map(changes.map((change) => [`${change.namespace}/${change.name}`, change]));
  const nameOf = namesAmong([...servers.values()]);
  const lines = changes.map((change) => [
    localDateTime(new Date(change.at)),
    nameOf(change),
    change.from ?? '-',
    change.to,
    change.reason,
    change.message ?? '',
  ]);
  return textTable(fitting(view.headers ? [headers, ...lines] : lines, view.columns));
}

/** A message that is cut to less says nothing. */
const shortestMessage = 8;

/** Only the last cell is cut: the others are there to be copied. */
function fitting(
  lines: readonly (readonly string[])[],
  columns: number | undefined,
): readonly (readonly string[])[] {
  if (columns === undefined) return lines;
  const last = headers.length - 1;
  const before = headers
    .slice(0, last)
    .map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)) + 3)
    .reduce((sum, width) => sum + width, 0);
  const room = Math.max(shortestMessage, columns - before);
  return lines.map((line) => [...line.slice(0, last), oneLine(line[last] ?? '', room)]);
}

/** The newest first; changes at the same time stay in their order. */
export const newestFirst = (changes: readonly ServerChange[]): readonly ServerChange[] =>
  [...changes].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
