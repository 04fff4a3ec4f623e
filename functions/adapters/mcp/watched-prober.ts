import { type PauseWatch, pauseWatch } from '../network/pause-watch.ts';
import type { Probe } from './probe.ts';

/** A probe that was interrupted for longer than this has no verdict, unless there is an answer. */
const longestPauseMs = 2000;

/**
 * The same prober, but for probes that this process did not attend to: what failed while a sandbox
 * was frozen, or while the clock was set, is a prober error.
 */
export const watchedProber =
  (probe: Probe, watch: PauseWatch = pauseWatch()): Probe =>
  async (server, wanted) => {
    const endWatch = watch.begin();
    let pausedMs = 0;
    let outcome;
    try {
      outcome = await probe(server, wanted);
    } finally {
      pausedMs = endWatch();
    }
    return outcome.kind === 'unreachable' && pausedMs > longestPauseMs
      ? {
          kind: 'proberTrouble',
          detail: `the probe was interrupted for ${Math.round(pausedMs / 1000)} s, because this process was paused or its clock was set`,
          timings: outcome.timings,
        }
      : outcome;
  };
