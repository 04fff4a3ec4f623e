/** Asks at intervals while the page is visible. A hidden page asks nothing. */
export type Poll = {
  /** Asks now. While a request runs, once more after it. */
  readonly now: () => Promise<void>;
};

/** A page that becomes visible again asks at once. `ask` must not reject. */
export function pollWhileVisible(ask: () => Promise<void>, everyMs: number): Poll {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | undefined;
  let isWanted = false;

  const run = async (): Promise<void> => {
    do {
      isWanted = false;
      await ask();
    } while (isWanted);
    running = undefined;
    schedule();
  };
  const now = (): Promise<void> => {
    clearTimeout(timer);
    if (running === undefined) running = run();
    else isWanted = true;
    return running;
  };
  const schedule = (): void => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') timer = setTimeout(() => void now(), everyMs);
  };
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void now();
    else clearTimeout(timer);
  });
  return { now };
}
