/** A clock that stands still until everything that can happen at its time has happened. */
export type VirtualTime = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Acts at that time, or at once where it has passed. */
  readonly at: (time: number, act: () => void) => void;
  /** Lets everything happen that is due until then. */
  readonly run: (until: number) => Promise<void>;
};

type Timer = { readonly time: number; readonly order: number; readonly act: () => void };

/** Timers of the same time act in the order in which they were set: each run is the same. */
export function virtualTime(begin: number): VirtualTime {
  const heap: Timer[] = [];
  let present = begin;
  let order = 0;
  const at = (time: number, act: () => void): void => {
    push(heap, { time: Math.max(time, present), order: (order += 1), act });
  };
  return {
    now: () => present,
    sleep: (ms) => new Promise((done) => at(present + ms, done)),
    at,
    run: async (until) => {
      for (let timer = heap[0]; timer !== undefined && timer.time <= until; timer = heap[0]) {
        present = timer.time;
        for (let due = heap[0]; due !== undefined && due.time === present; due = heap[0]) {
          pop(heap);
          due.act();
        }
        // After it, no microtask is left.
        await new Promise(setImmediate);
      }
      present = until;
    },
  };
}

const isBefore = (one: Timer, other: Timer): boolean =>
  one.time < other.time || (one.time === other.time && one.order < other.order);

function push(heap: Timer[], timer: Timer): void {
  let hole = heap.length;
  heap.push(timer);
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isBefore(parent, timer)) break;
    heap[hole] = parent;
    hole = above;
  }
  heap[hole] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let hole = 0;
  for (;;) {
    const left = heap[2 * hole + 1];
    const right = heap[2 * hole + 2];
    if (left === undefined) break;
    const isRight = right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (isBefore(last, child)) break;
    heap[hole] = child;
    hole = 2 * hole + (isRight ? 2 : 1);
  }
  heap[hole] = last;
}
