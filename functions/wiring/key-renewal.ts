import type { KeyRenewal } from '../adapters/dynamodb/seal.ts';
import { SettingError } from '../model/setting-reader.ts';
import { readTokenKeys } from '../settings.ts';
import type { ReadAgain } from './secrets.ts';

/** The newest keys, for what was sealed by one that is not known yet. */
export const keyRenewal = (readAgain: ReadAgain, now: () => Date, most: number): KeyRenewal => ({
  now,
  most,
  read: async () => {
    try {
      const environment = await readAgain();
      return environment && readTokenKeys(environment);
    } catch (error) {
      // The next request says in the log what is wrong with them.
      if (error instanceof SettingError) return undefined;
      throw error;
    }
  },
});
