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
  let watched = 0;
  // In order, without those that a longer one followed: a probe that saw them saw that one too.
  let pauses: { readonly number: number; readonly ms: number }[] = [];
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  let last = { monotonic: 0, wall: 0 };

  const look = (): void => {
    const now = { monotonic: clocks.monotonic(), wall: clocks.wall() };
    const gapMs = now.monotonic - last.monotonic;
    const stepMs = Math.abs(now.wall - last.wall - gapMs);
    const ms = Math.max(gapMs, stepMs) - intervalMs;
    if (ms > 0) {
      while ((pauses.at(-1)?.ms ?? Infinity) <= ms) pauses.pop();
      pauses.push({ number: (seen += 1), ms });
    }
    last = now;
  };
  return {
    begin: () => {
      if (watched === 0) {
        last = { monotonic: clocks.monotonic(), wall: clocks.wall() };
        timer = setInterval(look, intervalMs).unref();
      } else look();
      watched += 1;
      const before = seen;
      return () => {
        // The timer may be late for the same reason.
        look();
        const longestMs = pauses.find(({ number }) => number > before)?.ms ?? 0;
        watched -= 1;
        if (watched === 0) {
          clearInterval(timer);
          pauses = [];
        }
        return longestMs;
      };
    },
  };
}
