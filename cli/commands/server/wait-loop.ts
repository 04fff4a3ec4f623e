import { inParallel } from '../../api/in-parallel.ts';

/** Time as the loop needs it. `sleep` ends early, with an AbortError, when the signal is aborted. */
export type Clock = {
  readonly nowMs: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

export type WaitPorts<Server, Seen> = {
  readonly clock: Clock;
  readonly interrupted: AbortSignal;
  /** Called before each round of looks: it may throw what `look` may throw. */
  readonly prepare: () => Promise<(server: Server, leftMs: number) => Promise<Seen>>;
  readonly isMet: (server: Server, seen: Seen) => boolean;
  readonly onMet: (server: Server, afterMs: number) => void;
  /** Whether an error of a look may pass by itself; all others end the wait. */
  readonly isPassing: (error: unknown) => boolean;
  /** The endpoint no longer answers: called once until it does. */
  readonly onLoss: (error: unknown) => void;
};

export type WaitResult<Server, Seen> =
  | { readonly kind: 'met' }
  | {
      readonly kind: 'timedOut';
      readonly pending: readonly { readonly server: Server; readonly seen: Seen }[];
      /** Present while the last look failed: what is pending may have changed since. */
      readonly loss?: unknown;
    };

export type Pace = {
  readonly timeoutMs: number;
  /** From this look to the next one, for so many servers. The round is 1 after the first look. */
  readonly intervalMs: (round: number, servers: number) => number;
};

/** So many requests at a time. */
const parallel = 8;

/**
 * Looks at the servers until each of them has met its condition, or the time is over: then once
 * more. `first` is what was seen before, which counts as the first look.
 */
export async function waitUntil<Server, Seen>(
  first: readonly { readonly server: Server; readonly seen: Seen }[],
  { timeoutMs, intervalMs }: Pace,
  ports: WaitPorts<Server, Seen>,
): Promise<WaitResult<Server, Seen>> {
  const { clock, interrupted, prepare, isMet, onMet, isPassing, onLoss } = ports;
  const startedAt = clock.nowMs();
  const elapsedMs = () => clock.nowMs() - startedAt;
  let pending = first;
  let loss: { readonly error: unknown } | undefined;
  for (let round = 1; ; round += 1) {
    for (const { server, seen } of pending) if (isMet(server, seen)) onMet(server, elapsedMs());
    pending = pending.filter(({ server, seen }) => !isMet(server, seen));
    if (pending.length === 0) return { kind: 'met' };
    const leftMs = timeoutMs - elapsedMs();
    if (leftMs <= 0)
      return { kind: 'timedOut', pending, ...(loss === undefined ? {} : { loss: loss.error }) };
    await clock.sleep(Math.min(intervalMs(round, pending.length), leftMs), interrupted);
    try {
      const look = await unlessInterrupted(prepare(), interrupted);
      const looks = inParallel(parallel, pending, async ({ server }) => ({
        server,
        seen: await look(server, timeoutMs - elapsedMs()),
      }));
      pending = await unlessInterrupted(looks, interrupted);
      loss = undefined;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (loss === undefined) onLoss(error);
      loss = { error };
    }
  }
}

/** The promise, or an AbortError as soon as the person presses Ctrl-C. */
async function unlessInterrupted<Outcome>(
  promise: Promise<Outcome>,
  signal: AbortSignal,
): Promise<Outcome> {
  signal.throwIfAborted();
  const stop = new AbortController();
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        const abort = () => reject(new DOMException('Interrupted', 'AbortError'));
        signal.addEventListener('abort', abort, { signal: stop.signal });
      }),
    ]);
  } finally {
    stop.abort();
  }
}
