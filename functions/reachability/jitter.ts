/**
 * A number below `span` that is always the same for `key`, evenly spread over keys (FNV-1a with the
 * finalizer of MurmurHash3).
 */
export function stableJitter(key: string, span: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) * (span / 2 ** 32);
}

/**
 * Whether `key`'s own moment, which comes once in every `periodMs`, lies between `after` and
 * `until`.
 */
export const periodElapsed = (key: string, periodMs: number, after: Date, until: Date): boolean => {
  const phase = stableJitter(key, periodMs);
  return (
    Math.floor((after.getTime() + phase) / periodMs) <
    Math.floor((until.getTime() + phase) / periodMs)
  );
};
