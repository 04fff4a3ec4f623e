/** The value of TokenKeys: comma-separated `id:key`. The first key seals, and every key opens. */

const keysIn = (value: string): readonly string[] =>
  value
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');

export const keyIdsOf = (value: string): readonly string[] =>
  keysIn(value).map((key) => key.replace(/:.*$/s, ''));

export type Rotation = {
  /** Undefined: there are none yet. */
  readonly old: string | undefined;
  readonly now: Date;
  /** base64url of 32 random bytes. */
  readonly newKey: string;
  /** How many of the old keys stay, the newest first. Default: all. */
  readonly keep?: number;
};

/** The new key first. Its id is the time, so that a list of the ids says how old each key is. */
export function rotated({ old = '', now, newKey, keep = Infinity }: Rotation): string {
  const kept = keysIn(old).slice(0, keep);
  const taken = new Set(keyIdsOf(old));
  const time = now.toISOString().replace(/[-:]/g, '').slice(0, 13).replace('T', '-');
  const ids = [`k${time}`, ...Array.from(taken, (_, index) => `k${time}-${index + 2}`)];
  const id = ids.find((one) => !taken.has(one));
  return [`${id}:${newKey}`, ...kept].join(',');
}
