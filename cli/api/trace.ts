let teller: ((line: string) => void) | undefined;

/** From now on, what is asked of whom is told (`--debug`). */
export function traceTo(info: (line: string) => void): void {
  teller = info;
}

/**
 * One exchange: whom, which path, what came back. Never a query, a header or a body: secrets travel
 * in those.
 */
export function trace(
  method: string,
  { origin, pathname }: URL,
  outcome: string,
  startedAt: number,
): void {
  teller?.(
    `debug: ${method} ${origin}${pathname} -> ${outcome} in ${String(Math.round(performance.now() - startedAt))} ms`,
  );
}
