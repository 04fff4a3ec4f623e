import type { Timings } from '../../reachability/outcome.ts';
import type { Stage } from '../../model/wire.ts';

/** Where one request is, and how long each of its stages took. */
export type StageClock = {
  readonly enter: (stage: Stage) => void;
  /** The request goes on at another address: what it took until now becomes one stage. */
  readonly redirect: () => void;
  readonly stop: () => void;
  readonly stage: () => Stage;
  readonly timings: () => Timings;
};

export function stageClock(): StageClock {
  let spent = new Map<Stage, number>();
  let stage: Stage | undefined;
  let last: Stage = 'headers';
  let since = 0;
  const move = (next: Stage | undefined): void => {
    const now = performance.now();
    if (stage !== undefined) spent.set(stage, (spent.get(stage) ?? 0) + now - since);
    stage = next;
    last = next ?? last;
    since = now;
  };
  return {
    enter: move,
    stop: () => move(undefined),
    redirect: () => {
      move(undefined);
      spent = new Map([['redirects', totalMs(Object.fromEntries(spent))]]);
    },
    stage: () => last,
    timings: () => Object.fromEntries(spent),
  };
}

export const totalMs = (timings: Timings): number =>
  Object.values(timings).reduce((sum, ms) => sum + ms, 0);
