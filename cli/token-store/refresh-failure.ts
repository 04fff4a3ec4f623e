import { isRecord, parseJson } from '../../functions/model/json.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { readPrivate, writePrivate } from './private-file.ts';

/** Why the issuer could not refresh a sign-in, for the commands that waited in the meantime. */
export type RefreshFailure = { readonly message: string; readonly isReached: boolean };

/** Beside the token file; for the holder of its lock. */
export const failureFile = (tokenFile: string): string => `${tokenFile}.unavailable`;

export const recordFailure = (
  tokenFile: string,
  { reason: message, isReached }: { readonly reason: string; readonly isReached: boolean },
): Promise<void> =>
  writePrivate(
    failureFile(tokenFile),
    `${JSON.stringify({ at: Date.now(), message, isReached })}\n`,
  );

/** The failure of another command, if it is not older than this moment; else undefined. */
export async function failureSince(
  tokenFile: string,
  moment: number,
  warn: (line: string) => void,
): Promise<RefreshFailure | undefined> {
  const text = await readPrivate(failureFile(tokenFile), warn);
  const said = text === undefined ? undefined : parseJson(text);
  if (!isRecord(said)) return undefined;
  const { at, message, isReached } = said;
  if (typeof at !== 'number' || typeof message !== 'string') return undefined;
  // A clock that was set back says nothing.
  if (at < moment || at > Date.now()) return undefined;
  return { message: oneLine(message, 500), isReached: isReached === true };
}
