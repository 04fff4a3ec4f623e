/** What closes prompts and pages takes no longer. */
const usualGraceMs = 250;

/**
 * The work, or the AbortError of Ctrl-C: after a moment in which the work may end by itself, because
 * a request under way does not.
 */
export function stoppable<Outcome>(
  work: Promise<Outcome>,
  interrupted: AbortSignal,
  graceMs = usualGraceMs,
): Promise<Outcome> {
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => void setTimeout(() => reject(interrupted.reason), graceMs);
    interrupted.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([work, stopped]).finally(() =>
    interrupted.removeEventListener('abort', stop),
  );
}
