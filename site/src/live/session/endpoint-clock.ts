/** The clock of this computer, corrected by that of the endpoint. */
export type EndpointClock = {
  readonly now: () => Date;
  /**
   * Takes the time of the endpoint as the right one. False: this clock is right, or the time of the
   * endpoint is not known.
   */
  readonly correct: (there: Date | undefined) => boolean;
};

/** Half of what the endpoint tolerates. */
const driftMs = 30_000;

export function endpointClock(now: () => Date): EndpointClock {
  let aheadMs = 0;
  return {
    now: () => new Date(now().getTime() + aheadMs),
    correct: (there) => {
      const neededMs = there === undefined ? aheadMs : there.getTime() - now().getTime();
      if (Math.abs(neededMs - aheadMs) < driftMs) return false;
      aheadMs = neededMs;
      return true;
    },
  };
}
