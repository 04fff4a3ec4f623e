import {
  base64url,
  decodeProtectedHeader,
  errors,
  type FlattenedJWE,
  FlattenedEncrypt,
  flattenedDecrypt,
} from 'jose';
import { TableUnavailable } from '../../model/table-unavailable.ts';

/**
 * A sealed text: a flattened JWE (RFC 7516, section 7.2.2) without its `aad`, which only the place
 * it belongs to can supply.
 */
export type Sealed = Required<Pick<FlattenedJWE, 'protected' | 'iv' | 'ciphertext' | 'tag'>>;

/**
 * Seals texts for one place and opens them there only; `aad` (RFC 7516, additional authenticated
 * data) is the key of the row, rebuilt on reading.
 */
export type Sealer = {
  readonly seal: (text: string, aad: string) => Promise<Sealed>;
  /**
   * Undefined when the text was changed, or sealed for another place or with a key that was
   * removed. Throws `TableUnavailable` where a key is not known and cannot be looked for now: what
   * was sealed with it is not lost.
   */
  readonly open: (sealed: Sealed, aad: string) => Promise<string | undefined>;
  /** Whether the key that the header names is known, or may be: without it nothing opens. */
  readonly hasKey: (sealed: Pick<Sealed, 'protected'>) => Promise<boolean>;
};

/** Where newer keys come from, for what was sealed by one that is not known. */
export type KeyRenewal = {
  /** Undefined where there are none at the moment, or none that can be used. */
  readonly read: () => Promise<readonly string[] | undefined>;
  readonly now: () => Date;
  /** How often they are read within 10 s. Where strangers can make up ids, once. */
  readonly most: number;
};

const renewalMs = 10_000;

/**
 * Each key is `id:` and base64url of 32 bytes, as in TOKEN_KEYS: the first key seals, all keys
 * open. An id that is not among them makes it read the keys again, once. Throws when a key is
 * anything else.
 */
export function sealer(keys: readonly string[], renewal?: KeyRenewal): Sealer {
  let ring = ringOf(keys);
  const renew = renewal && renewer(renewal, (newer) => (ring = ringOf(newer)));
  const keyOf = async ({ kid = '' }: { kid?: string } = {}): Promise<Uint8Array> => {
    const known = ring.byId.get(kid);
    if (known !== undefined) return known;
    await renew?.(kid);
    return ring.byId.get(kid) ?? unknownKey();
  };
  return {
    seal: async (text, aad) => {
      const {
        protected: header,
        iv,
        ciphertext,
        tag,
      } = await new FlattenedEncrypt(encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: ring.kid })
        .setAdditionalAuthenticatedData(encode(aad))
        .encrypt(ring.key);
      if (header === undefined || iv === undefined || tag === undefined)
        throw new TypeError('The JWE lacks its header, iv or tag.');
      return { protected: header, iv, ciphertext, tag };
    },
    open: async (sealed, aad) => {
      try {
        const { plaintext } = await flattenedDecrypt(
          { ...sealed, aad: base64url.encode(aad) },
          keyOf,
          algorithms,
        );
        return new TextDecoder().decode(plaintext);
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
    hasKey: async (sealed) => {
      try {
        await keyOf(kidOf(sealed));
        return true;
      } catch (error) {
        // A key that cannot be looked for now is not known to be gone.
        return error instanceof TableUnavailable;
      }
    },
  };
}

/** Throws where the header is none, or names no key. */
function kidOf(sealed: Pick<Sealed, 'protected'>): { readonly kid: string } {
  const { kid } = decodeProtectedHeader(sealed);
  return typeof kid === 'string' ? { kid } : unknownKey();
}

const mostIds = 1_000;

/**
 * Gives the function that returns once the keys were read after it was first asked about this id.
 * Throws `TableUnavailable` where that is not possible now.
 */
function renewer(
  { read, now, most }: KeyRenewal,
  take: (keys: readonly string[]) => void,
): (kid: string) => Promise<void> {
  const seen = new Map<string, number>();
  let begun: readonly number[] = [];
  let covered = -Infinity;
  let reading: { readonly at: number; readonly ended: Promise<void> } | undefined;

  const start = (at: number): typeof reading => {
    begun = begun.filter((before) => at - before < renewalMs);
    if (begun.length >= most) return undefined;
    begun = [...begun, at];
    const ended = read()
      .then((newer) => {
        if (newer === undefined) return;
        take(newer);
        covered = at;
      })
      .finally(() => {
        if (reading?.at === at) reading = undefined;
      });
    return { at, ended };
  };
  return async (kid) => {
    const at = now().getTime();
    if (seen.size >= mostIds) seen.clear();
    const seenAt = seen.get(kid) ?? at;
    seen.set(kid, seenAt);
    if (seenAt <= covered) return;
    if (reading === undefined || reading.at < seenAt) reading = start(at);
    await reading?.ended;
    if (seenAt > covered) throw new TableUnavailable(new KeyNotRead());
  };
}

class KeyNotRead extends Error {
  override readonly name = 'KeyNotRead';
}

type Ring = {
  readonly kid: string;
  readonly key: Uint8Array;
  readonly byId: ReadonlyMap<string, Uint8Array>;
};

function ringOf(keys: readonly string[]): Ring {
  const byId = new Map(keys.map(parseKey));
  const [first] = byId;
  if (first === undefined)
    throw new TypeError(
      'TOKEN_KEYS is empty. Give it at least one key: id:base64url of 32 random bytes.',
    );
  const [kid, key] = first;
  return { kid, key, byId };
}

const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };

function parseKey(text: string): readonly [string, Uint8Array] {
  const [, id, value] = /^([\w.-]+):([\w-]+)$/.exec(text) ?? [];
  const key = value === undefined ? undefined : base64url.decode(value);
  if (id === undefined || key?.length !== 32)
    throw new TypeError('A key in TOKEN_KEYS is not id:base64url of 32 bytes.');
  return [id, key];
}

const encode = (text: string) => new TextEncoder().encode(text);

function unknownKey(): never {
  throw new errors.JWEDecryptionFailed('The key is not in TOKEN_KEYS.');
}
