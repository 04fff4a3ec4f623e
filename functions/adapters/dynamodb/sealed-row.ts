import type * as z from 'zod/mini';
import type { Attributes, Key, Table } from './dynamo-table.ts';
import { isExpired } from './row-lifetime.ts';
import { type Row, rowSchema } from './row-schemas.ts';
import type { Sealed, Sealer } from './seal.ts';

/** What every store of the sessions is made from. */
export type StoreOptions = {
  readonly table: Table;
  readonly sealer: Sealer;
  readonly now: () => Date;
};

export type SealedRows = {
  readonly seal: (key: Key, secret: unknown) => Promise<Sealed>;
  /** Undefined: nothing is sealed in the row, or it does not open. Throws a ZodError. */
  readonly open: <Output>(
    key: Key,
    row: Row,
    schema: z.ZodMiniType<Output>,
  ) => Promise<Output | undefined>;
  /** Undefined for a row that does not exist or has expired. Throws a ZodError. */
  readonly alive: (found: Attributes | undefined) => Row | undefined;
};

/** Seals what is secret in a row and opens it again, in the place it was written for only. */
export const sealedRows = ({ sealer, now }: Omit<StoreOptions, 'table'>): SealedRows => ({
  seal: (key, secret) => sealer.seal(JSON.stringify(secret), aadOf(key)),
  open: async (key, { sealed }, schema) => {
    const text = sealed === undefined ? undefined : await sealer.open(sealed, aadOf(key));
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  },
  alive: (found) => {
    const row = found === undefined ? undefined : rowSchema.parse(found);
    return row === undefined || isExpired(row, now()) ? undefined : row;
  },
});

/** Not stored but rebuilt from the key of the row, so that a copied row does not open. */
const aadOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);
