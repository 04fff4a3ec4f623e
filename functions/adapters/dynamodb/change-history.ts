import * as z from 'zod/mini';
import type { PastChange } from '../../model/bus-events.ts';
import { defined } from '../../model/defined.ts';
import { messageOf } from '../../model/error-message.ts';
import { states } from '../../model/mcpserver.ts';
import { longestMessage, oneLine } from '../../model/outside-text.ts';
import { TableUnavailable } from '../../model/table-unavailable.ts';
import type { KeepChanges } from '../../reachability/state-changes.ts';
import type { Table } from './dynamo-table.ts';
import { changeKey, changesPartition } from './row-keys.ts';
import { isExpired, seconds } from './row-lifetime.ts';

export type ChangeHistory = {
  /** For the sweep, which may only write. */
  readonly keep: KeepChanges;
  /** The last 100 changes of one server, newest first. Throws `TableUnavailable`. */
  readonly list: (serverUid: string) => Promise<readonly PastChange[]>;
};

const mostShown = 100;
const keptMs = 90 * 86_400_000;

/**
 * The last changes of each server, in the table of the grants and in partitions of their own: the
 * sweep has no right to read them, the endpoint none to write them.
 */
export function changeHistory({
  table,
  now,
}: {
  readonly table: Table;
  readonly now: () => Date;
}): ChangeHistory {
  return {
    keep: async (changes) => {
      try {
        await table.putAll(
          changes.map((change) => {
            const { from, to, reason, message, at } = change;
            const expires = seconds(new Date(at.getTime() + keptMs));
            return {
              key: changeKey(change),
              attributes: defined({ at: at.toISOString(), from, to, reason, message, expires }),
            };
          }),
        );
        return undefined;
      } catch (error) {
        return error instanceof TableUnavailable ? error.detail : messageOf(error);
      }
    },
    list: async (serverUid) => {
      const rows = await table.query(changesPartition(serverUid), {
        names: ['at', 'from', 'to', 'reason', 'message', 'expires'],
        limit: mostShown,
        descending: true,
      });
      return rows.flatMap((row) => {
        const change = rowSchema.safeParse(row).data;
        if (change === undefined || isExpired(change, now())) return [];
        const { from, to, reason, message, at } = change;
        return [
          defined({
            at,
            from,
            to,
            reason,
            message: message === undefined ? undefined : oneLine(message, longestMessage),
          }),
        ];
      });
    },
  };
}

const word = z.string().check(z.maxLength(100), z.regex(/^[A-Za-z][A-Za-z ]*$/));

/** A row that none of our writes makes costs only itself. */
const rowSchema = z.object({
  at: z.pipe(z.iso.datetime(), z.coerce.date()),
  from: z.exactOptional(word),
  to: z.enum(states),
  reason: z.union([z.literal(''), word]),
  message: z.exactOptional(z.string()),
  expires: z.number(),
});
