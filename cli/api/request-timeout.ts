let chosenMs: number | undefined;

/** From now on every exchange may take this long (`--timeout`), whatever it would have had. */
export function limitRequests(timeoutMs: number): void {
  chosenMs = timeoutMs;
}

/** How long an exchange may take, in ms: what the person chose, else what is usual for it. */
export const timeoutOf = (usualMs: number): number => chosenMs ?? usualMs;
