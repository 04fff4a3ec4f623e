import type * as z from 'zod/mini';
import { parseJson } from '../../model/json.ts';
import type { UnreadableRow } from '../../sessions/ports.ts';
import type { Attributes, Key, Table } from './dynamo-table.ts';
import { isExpired } from './row-lifetime.ts';
import { sealedSchema, sealHeaderSchema } from './row-schemas.ts';
import type { Sealed, Sealer } from './seal.ts';

/** What every store of the sessions is made from. */
export type StoreOptions = {
  readonly table: Table;
  readonly sealer: Sealer;
  readonly now: () => Date;
  /** Called for each row that is left out, each time. */
  readonly report?: (row: UnreadableRow) => void;
};

/**
 * Where a secret belongs: in the row of this key, beside these plain attributes. Not stored but
 * rebuilt on reading, so that neither a copied row nor one whose plain half was changed opens.
 */
export type Place = { readonly key: Key; readonly plain: Attributes };

export type SealedRows = {
  readonly seal: (place: Place, secret: unknown) => Promise<Sealed>;
  /** Undefined: nothing is sealed in the row, or it does not open in this place. */
  readonly open: <Output>(
    place: Place,
    row: { readonly sealed?: unknown },
    schema: z.ZodMiniType<Output>,
  ) => Promise<Output | undefined>;
  /** False: something is sealed in the row, and no key is left that opens it. */
  readonly hasKey: (row: { readonly sealed?: unknown }) => Promise<boolean>;
  /** Undefined for a row that does not exist, has expired, or is not what we write. */
  readonly alive: <Row extends { readonly expires?: number | undefined }>(
    key: Key,
    found: Attributes | undefined,
    schema: z.ZodMiniType<Row>,
  ) => Row | undefined;
};

/**
 * Seals what is secret in a row and opens it again, in the place it was written for only. A row
 * that cannot be read costs only itself: it is reported, and treated as absent.
 */
export const sealedRows = (
  { sealer, now }: Pick<StoreOptions, 'sealer' | 'now'>,
  report: (key: Key, reason: UnreadableRow['reason']) => void,
): SealedRows => ({
  seal: (place, secret) => sealer.seal(JSON.stringify(secret), aadOf(place)),
  open: async (place, { sealed }, schema) => {
    if (sealed === undefined) return undefined;
    const parsed = sealedSchema.safeParse(sealed);
    const text = parsed.success ? await sealer.open(parsed.data, aadOf(place)) : undefined;
    if (text === undefined) {
      report(place.key, 'notOpened');
      return undefined;
    }
    const secret = schema.safeParse(parseJson(text));
    if (secret.success) return secret.data;
    report(place.key, 'notParsed');
    return undefined;
  },
  hasKey: async ({ sealed }) => {
    if (sealed === undefined) return true;
    const header = sealHeaderSchema.safeParse(sealed);
    return header.success && sealer.hasKey(header.data);
  },
  alive: (key, found, schema) => {
    if (found === undefined) return undefined;
    const row = schema.safeParse(found);
    if (row.success) return isExpired(row.data, now()) ? undefined : row.data;
    report(key, 'notParsed');
    return undefined;
  },
});

const aadOf = ({ key: { pk, sk }, plain }: Place) => JSON.stringify([pk, sk, plain]);
