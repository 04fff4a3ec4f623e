/** The size of `bench/sweep.ts`, for all its processes. */
export const servers = 1000;
export const answerMs = 100;
export const concurrency = 400;

/**
 * Answers each message of the parent with the time a run took and the most memory the process ever
 * had.
 */
export function lapsOf(run: () => Promise<unknown>): void {
  process.on('message', () => {
    const started = performance.now();
    run().then(
      () =>
        process.send?.({
          ms: performance.now() - started,
          rssMb: process.resourceUsage().maxRSS / 1024,
        }),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.once('disconnect', () => process.exit());
}
