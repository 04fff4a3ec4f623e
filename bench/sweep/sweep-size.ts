/** The size of `bench/sweep.ts`, for all its processes. */
export const servers = 1000;
export const answerMs = 100;
export const concurrency = 400;

/**
 * Answers each message of the parent with the time a run took, the CPU time of that for each server,
 * and the most memory the process ever had.
 */
export function lapsOf(run: () => Promise<unknown>): void {
  process.on('message', () => {
    const started = performance.now();
    const cpu = process.cpuUsage();
    run().then(
      () => {
        const { user, system } = process.cpuUsage(cpu);
        process.send?.({
          ms: performance.now() - started,
          cpuMs: (user + system) / 1000 / servers,
          rssMb: process.resourceUsage().maxRSS / 1024,
        });
      },
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.once('disconnect', () => process.exit());
}
