import { TableUnavailable } from '../../model/table-unavailable.ts';
import type { Sealer } from './seal.ts';

/** Seals a text into one text that fits into a URL, and opens it again. */
export type TextSealer = {
  readonly seal: (text: string, aad: string) => Promise<string>;
  /** Undefined for anything that was not sealed with one of the keys and with this `aad`. */
  readonly open: (text: string, aad: string) => Promise<string | undefined>;
};

// Tokens of API servers have a few hundred characters.
const longest = 8_192;

/** The four parts of a sealed text, joined by dots. */
export const textSealer = ({ seal, open }: Sealer): TextSealer => ({
  seal: async (text, aad) => {
    const sealed = await seal(text, aad);
    return [sealed.protected, sealed.iv, sealed.ciphertext, sealed.tag].join('.');
  },
  open: async (text, aad) => {
    const [, header, iv, ciphertext, tag] =
      text.length > longest ? [] : (/^([\w-]+)\.([\w-]+)\.([\w-]*)\.([\w-]+)$/.exec(text) ?? []);
    if (header === undefined || iv === undefined || ciphertext === undefined || tag === undefined)
      return undefined;
    try {
      return await open({ protected: header, iv, ciphertext, tag }, aad);
    } catch (error) {
      // Anyone may send one with the id of a key that does not exist.
      if (error instanceof TableUnavailable) return undefined;
      throw error;
    }
  },
});
