/**
 * Notices that this process was not running for a while: Lambda freezes a sandbox, a machine is
 * suspended, something blocks the only thread. What ran out of time meanwhile says nothing about
 * anyone else, and neither does a certificate that was judged by a clock that has just been set.
 */
export type PauseWatch = {
  /**
   * Starts watching. The returned function ends it, and gives the longest pause since then, in
   * milliseconds: of the monotonic clock, or a step of the wall clock beside it.
   */
  readonly begin: () => () => number;
};

const intervalMs = 250;

/** All that is watched at the same time shares one timer. */
export function pauseWatch(
  clocks: { readonly monotonic: () => number; readonly wall: () => number } = {
    monotonic: () => performance.now(),
    wall: () => Date.now(),
  },
): PauseWatch {
  type Watched = { longestMs: number };
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;
  let last = { monotonic: 0, wall: 0 };

  const look = (): void => {
    const now = { monotonic: clocks.monotonic(), wall: clocks.wall() };
    const gapMs = now.monotonic - last.monotonic;
    const stepMs = Math.abs(now.wall - last.wall - gapMs);
    const pauseMs = Math.max(gapMs - intervalMs, stepMs - intervalMs, 0);
    for (const one of watched) one.longestMs = Math.max(one.longestMs, pauseMs);
    last = now;
  };
  return {
    begin: () => {
      if (watched.size === 0) {
        last = { monotonic: clocks.monotonic(), wall: clocks.wall() };
        timer = setInterval(look, intervalMs).unref();
      } else look();
      const one: Watched = { longestMs: 0 };
      watched.add(one);
      return () => {
        // The timer may be late for the same reason.
        look();
        watched.delete(one);
        if (watched.size === 0) clearInterval(timer);
        return one.longestMs;
      };
    },
  };
}
