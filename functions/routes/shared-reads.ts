export type SharingOptions<Value> = {
  readonly now: () => Date;
  /** How long after its start a read is given to others, while it runs and when it is done. */
  readonly freshMs: number;
  /** Of a value that may be kept; undefined for one that is given to nobody else. */
  readonly sizeOf: (value: Value) => number | undefined;
  /** Of all values that are kept, together. The oldest makes room. */
  readonly mostSize: number;
};

export type SharedReads<Value> = (key: string, read: () => Promise<Value>) => Promise<Value>;

type Copy<Value> = { readonly value: Promise<Value>; readonly startedAt: number; size: number };

/**
 * Requests for the same thing within a short time share one read, and with it one value, which none
 * of them may change. So what one gets is never older than `freshMs`. Throws what `read` throws, to
 * those who share that read only: a failure is not kept.
 */
export function sharedReads<Value>(options: SharingOptions<Value>): SharedReads<Value> {
  const { now, freshMs, sizeOf, mostSize } = options;
  const copies = new Map<string, Copy<Value>>();

  const dropStale = (time: number): void => {
    for (const [key, { startedAt }] of copies) {
      const age = time - startedAt;
      // A clock that was set back makes nothing younger.
      if (age < 0 || age >= freshMs) copies.delete(key);
    }
  };
  const makeRoom = (): void => {
    let total = 0;
    for (const { size } of copies.values()) total += size;
    for (const [key, { size }] of copies) {
      if (total <= mostSize) return;
      total -= size;
      if (size > 0) copies.delete(key);
    }
  };

  return (key, read) => {
    const time = now().getTime();
    dropStale(time);
    const known = copies.get(key);
    if (known !== undefined) return known.value;
    const copy: Copy<Value> = { value: read(), startedAt: time, size: 0 };
    copies.set(key, copy);
    const drop = (): void => {
      if (copies.get(key) === copy) copies.delete(key);
    };
    copy.value.then((value) => {
      const size = sizeOf(value);
      if (size === undefined) drop();
      else {
        copy.size = size;
        makeRoom();
      }
    }, drop);
    return copy.value;
  };
}
