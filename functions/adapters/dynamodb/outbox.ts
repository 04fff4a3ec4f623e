import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import * as z from 'zod/mini';
import type { PendingChange, Outbox } from '../../reachability/state-changes.ts';
import type { StateChange } from '../../model/bus-events.ts';
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
  const put = ({ at, ...change }: StateChange) =>
    table.put(
      keyOf(change.id),
      {
        change: { ...change, at: at.toISOString() },
        expires: seconds(new Date(now().getTime() + keptMs)),
      },
      // A runner that was cut off may have recorded the same change: its confirmation stays.
      { kind: 'absent' },
    );
  const read = async (partition: number): Promise<readonly PendingChange[]> => {
    const rows = await table.query(partitionName(partition), {
      names: ['change', 'confirmed'],
      limit: mostPending,
    });
    return z
      .array(rowSchema)
      .parse(rows)
      .map(({ change, confirmed }) => ({ change, isConfirmed: confirmed }));
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
        return error instanceof Error ? error.name : String(error);
      }
    },
    pending: async () =>
      (
        await Promise.all(Array.from({ length: partitions }, (_, partition) => read(partition)))
      ).flat(),
    remove: async (changes) => {
      await Promise.allSettled(changes.map(({ id }) => limit(async () => table.delete(keyOf(id)))));
    },
  };
}

const partitionName = (partition: number): string => `outbox ${partition}`;

const keyOf = (id: string): Key => ({
  pk: partitionName(createHash('sha256').update(id).digest().readUInt8() % partitions),
  sk: id,
});

const rowSchema = z.object({
  change: z.object({
    id: z.string(),
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    from: z.exactOptional(z.string()),
    to: z.string(),
    reason: z.string(),
    at: z.pipe(z.iso.datetime(), z.coerce.date()),
  }),
  confirmed: z._default(z.boolean(), false),
});
