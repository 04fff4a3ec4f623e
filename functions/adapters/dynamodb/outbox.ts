import { createHash } from 'node:crypto';
import { defined } from '../../model/defined.ts';
import { messageOf } from '../../model/error-message.ts';
import { TableUnavailable } from '../../model/table-unavailable.ts';
import pLimit from 'p-limit';
import * as z from 'zod/mini';
import type { PendingChange, Outbox } from '../../reachability/state-changes.ts';
import type { StateChange } from '../../model/bus-events.ts';
import { states } from '../../model/mcpserver.ts';
import type { Key, Table } from './dynamo-table.ts';
import { seconds } from './row-lifetime.ts';

export type OutboxOptions = { readonly table: Table; readonly now: () => Date };

// A partition takes 1,000 writes a second; when everything fails at once, a fleet of 100,000 makes
// several thousand.
const partitions = 8;
const mostPending = 100; // of one partition in one sweep; the next sweep takes the others
const keptMs = 24 * 60 * 60 * 1000;
const parallelCalls = 50;

/**
 * The outbox in the DynamoDB table of the grants, in partitions of its own: the sweep has no right
 * to any other. It never reads single rows, for which it has no right either.
 */
export function tableOutbox({ table, now }: OutboxOptions): Outbox {
  const limit = pLimit(parallelCalls);
  const confirm = (id: string) => table.update(keyOf(id), { confirmed: true });
  const put = ({ at, failingSince, ...change }: StateChange) =>
    table.put(
      keyOf(change.id),
      {
        change: defined({
          ...change,
          failingSince: failingSince?.toISOString(),
          at: at.toISOString(),
        }),
        expires: seconds(new Date(now().getTime() + keptMs)),
      },
      // A runner that was cut off may have recorded the same change: its confirmation stays.
      { kind: 'absent' },
    );
  const removed = async (keys: readonly Key[]): Promise<void> => {
    try {
      await table.deleteAll(keys);
    } catch (error) {
      // What is still there is published once more, with the same id, and removed then.
      if (!(error instanceof TableUnavailable)) throw error;
    }
  };
  const read = async (partition: number): Promise<readonly PendingChange[]> => {
    const rows = await table.query(partitionName(partition), {
      names: ['change', 'confirmed'],
      limit: mostPending,
    });
    const read = rows.map((row) => ({ row, parsed: rowSchema.safeParse(row).data }));
    // A row that none of our writes makes costs only itself, and does not stay in the way.
    const odd = read.flatMap(({ row, parsed }) => (parsed === undefined ? [row] : []));
    await removed(odd.map((row) => ({ pk: partitionName(partition), sk: String(row['sk']) })));
    return read.flatMap(({ parsed }) =>
      parsed === undefined ? [] : [{ change: parsed.change, isConfirmed: parsed.confirmed }],
    );
  };
  return {
    record: async (change, previous) => {
      try {
        await limit(async () =>
          Promise.all([put(change), ...(previous === undefined ? [] : [confirm(previous)])]),
        );
        return undefined;
      } catch (error) {
        // STATE does not wait for the table: the change is announced once, by this run.
        return error instanceof TableUnavailable ? error.detail : messageOf(error);
      }
    },
    pending: async () =>
      (
        await Promise.all(Array.from({ length: partitions }, (_, partition) => read(partition)))
      ).flat(),
    remove: async (changes) => removed(changes.map(({ id }) => keyOf(id))),
  };
}

const partitionName = (partition: number): string => `outbox ${partition}`;

const keyOf = (id: string): Key => ({
  pk: partitionName(createHash('sha256').update(id).digest().readUInt8() % partitions),
  sk: id,
});

const longestName = 253; // of an object of Kubernetes (RFC 1123)
const name = z.string().check(z.maxLength(longestName), z.regex(/^[a-z0-9][a-z0-9.-]*$/));
const word = z.string().check(z.maxLength(100), z.regex(/^[A-Za-z][A-Za-z ]*$/));

/** Others may write the table: what they put there reaches no consumer of the bus as they like. */
const rowSchema = z
  .object({
    sk: z.string(),
    change: z.object({
      id: z.string(),
      namespace: name,
      name,
      uid: z.string(),
      from: z.exactOptional(word),
      to: z.enum(states),
      reason: z.union([z.literal(''), word]),
      message: z.exactOptional(z.string()),
      failingSince: z.exactOptional(z.pipe(z.iso.datetime(), z.coerce.date())),
      at: z.pipe(z.iso.datetime(), z.coerce.date()),
    }),
    confirmed: z._default(z.boolean(), false),
  })
  // It is removed by its id.
  .check(z.refine(({ sk, change: { id } }) => sk === id));
