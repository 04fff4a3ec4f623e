export type CopyOptions<Value> = {
  readonly read: () => Promise<Value>;
  readonly now: () => Date;
  /** A copy of this age is given without reading. */
  readonly freshMs: number;
  /** While reading fails, the last good copy is given up to this age. */
  readonly keptMs: number;
};

type Copy<Value> = { readonly value: Value; readonly readAt: number };

/**
 * A value that everyone may ask for and that is expensive to read: requests at the same time share
 * one read. Throws what `read` throws when there is no copy that is young enough.
 */
export function recentCopy<Value>(options: CopyOptions<Value>): () => Promise<Value> {
  const { read, now, freshMs, keptMs } = options;
  let copy: Copy<Value> | undefined;
  let reading: Promise<Value> | undefined;

  const renew = async (): Promise<Value> => {
    const readAt = now().getTime();
    const value = await read();
    copy = { value, readAt };
    return value;
  };
  const youngerThan = (ms: number): Copy<Value> | undefined =>
    copy !== undefined && now().getTime() - copy.readAt < ms ? copy : undefined;

  return async () => {
    const fresh = youngerThan(freshMs);
    if (fresh !== undefined) return fresh.value;
    reading ??= renew().finally(() => {
      reading = undefined;
    });
    try {
      return await reading;
    } catch (error) {
      const kept = youngerThan(keptMs);
      if (kept !== undefined) return kept.value;
      throw error;
    }
  };
}
