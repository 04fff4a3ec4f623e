import {
  base64url,
  decodeProtectedHeader,
  errors,
  type FlattenedJWE,
  FlattenedEncrypt,
  flattenedDecrypt,
} from 'jose';

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
  /** Undefined when the text was changed, or sealed for another place or with an unknown key. */
  readonly open: (sealed: Sealed, aad: string) => Promise<string | undefined>;
  /** Whether the key that the header names is known: without it nothing opens. */
  readonly hasKey: (sealed: Pick<Sealed, 'protected'>) => Promise<boolean>;
};

/**
 * Each key is `id:` and base64url of 32 bytes, as in TOKEN_KEYS: the first key seals, all keys
 * open. Throws when a key is anything else.
 */
export function sealer(keys: readonly string[]): Sealer {
  const byId = new Map(keys.map(parseKey));
  const [first] = byId;
  if (first === undefined)
    throw new TypeError(
      'TOKEN_KEYS is empty. Give it at least one key: id:base64url of 32 random bytes.',
    );
  const [kid, key] = first;
  const keyOf = ({ kid = '' }: { kid?: string } = {}) => byId.get(kid) ?? unknownKey();
  return {
    seal: async (text, aad) => {
      const {
        protected: header,
        iv,
        ciphertext,
        tag,
      } = await new FlattenedEncrypt(encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid })
        .setAdditionalAuthenticatedData(encode(aad))
        .encrypt(key);
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
        return byId.has(String(decodeProtectedHeader(sealed)['kid']));
      } catch {
        return false;
      }
    },
  };
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
