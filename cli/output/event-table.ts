import { namesAmong } from '../../functions/model/mcpserver.ts';
import type { Change } from '../../functions/model/wire/server-wire.ts';
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
  return textTable(
    view.headers ? [headers, ...lines] : lines,
    // Only the message is cut: the other cells are there to be copied.
    view.columns === undefined ? {} : { fit: { columns: view.columns, cuttable: 1 } },
  );
}

/** The newest first; changes at the same time stay in their order. */
export const newestFirst = (changes: readonly ServerChange[]): readonly ServerChange[] =>
  [...changes].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
