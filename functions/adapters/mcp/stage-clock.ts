import type { Timings } from '../../reachability/outcome.ts';
import type { Stage } from '../../model/wire/check-wire.ts';

/** Where one request is, and how long each of its stages took. */
export type StageClock = {
  readonly enter: (stage: Stage) => void;
  /** The request goes on at another address: what it took until now becomes one stage. */
  readonly redirect: () => void;
  readonly stop: () => void;
  readonly stage: () => Stage;
  readonly timings: () => Timings;
};

export const stageClock = (): StageClock => new Stopwatch();

class Stopwatch implements StageClock {
  #spent: Partial<Record<Stage, number>> = {};
  #stage: Stage | undefined;
  #last: Stage = 'headers';
  #since = 0;

  enter(stage: Stage): void {
    this.#move(stage);
    this.#last = stage;
  }

  stop(): void {
    this.#move(undefined);
  }

  redirect(): void {
    this.stop();
    this.#spent = { redirects: totalMs(this.#spent) };
  }

  stage(): Stage {
    return this.#last;
  }

  timings(): Timings {
    return { ...this.#spent };
  }

  #move(next: Stage | undefined): void {
    const now = performance.now();
    if (this.#stage !== undefined)
      this.#spent[this.#stage] = (this.#spent[this.#stage] ?? 0) + now - this.#since;
    this.#stage = next;
    this.#since = now;
  }
}

export const totalMs = (timings: Timings): number =>
  Object.values(timings).reduce((sum, ms) => sum + ms, 0);
