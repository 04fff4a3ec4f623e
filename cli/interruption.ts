export type Interruption = {
  /** From now on the terminal is put in order before Ctrl-C ends the process. */
  readonly watch: () => void;
  /**
   * Takes over Ctrl-C: the first one aborts the signal and ends nothing. The second one ends the
   * process, whatever it does.
   */
  readonly signal: () => AbortSignal;
  /** Whether the first one has come. */
  readonly isInterrupted: () => boolean;
  /** Ends the process by SIGINT: 130 for a shell, and the loop of a script ends with it. */
  readonly end: () => void;
};

/** Ctrl-C. `cleanUp` puts the terminal in order. */
export function watchInterrupts(cleanUp: () => void): Interruption {
  const controller = new AbortController();
  let isWatched = false;
  let isAwaited = false;
  const end = () => {
    process.off('SIGINT', onInterrupt);
    // Windows has no signals that another program could see.
    if (process.platform === 'win32') process.exit(130);
    process.kill(process.pid, 'SIGINT');
  };
  const onInterrupt = () => {
    cleanUp();
    if (isAwaited && !controller.signal.aborted) controller.abort();
    else end();
  };
  const watch = () => {
    if (!isWatched) process.on('SIGINT', onInterrupt);
    isWatched = true;
  };
  return {
    watch,
    signal: () => {
      isAwaited = true;
      watch();
      return controller.signal;
    },
    isInterrupted: () => controller.signal.aborted,
    end,
  };
}
