/** A token in a file that Kubernetes renews: a projected service-account token. */
import { readFile } from 'node:fs/promises';
import type { TokenSource } from './apiserver.ts';

/**
 * Reads the file once a minute (client-go's own period), and at once when the token was refused.
 */
export function fileTokens(path: string, now: () => Date = () => new Date()): TokenSource {
  let kept: { readonly until: number; readonly token: string } | undefined;
  return {
    token: async () => {
      if (kept !== undefined && kept.until > now().getTime())
        return { kind: 'token', token: kept.token };
      try {
        const token = (await readFile(path, 'utf8')).trim();
        kept = { until: now().getTime() + 60_000, token };
        return { kind: 'token', token };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error)) throw error;
        return {
          kind: 'none',
          message: `${path} cannot be read (${String(error.code)}). Set CLUSTER_TOKEN_FILE to a readable file.`,
        };
      }
    },
    drop: () => {
      kept = undefined;
      return true;
    },
  };
}

/** A token that stays the same: when it is refused, there is no other one. */
export const fixedToken = (token: string): TokenSource => ({
  token: async () => ({ kind: 'token', token }),
  drop: () => false,
});
