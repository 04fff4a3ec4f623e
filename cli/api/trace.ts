let writeLine: ((line: string) => void) | undefined;

/** From now on every request is printed (`--debug`). */
export function traceTo(info: (line: string) => void): void {
  writeLine = info;
}

/**
 * One request: its address, its path and what came back. Never a query, a header or a body: they
 * hold secrets.
 */
export function trace(
  method: string,
  { origin, pathname }: URL,
  outcome: string,
  startedAt: number,
): void {
  writeLine?.(
    `debug: ${method} ${origin}${pathname} -> ${outcome} in ${String(Math.round(performance.now() - startedAt))} ms`,
  );
}
