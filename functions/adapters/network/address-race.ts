import { isIP, type Socket } from 'node:net';

/** RFC 8305, section 8: the recommended delay between two attempts. */
const attemptDelayMs = 250;
// A name may lead to thousands of addresses; one connection does not knock at all of them.
const mostAttempts = 16;

/**
 * Begins to open a connection to one address. Exactly one of `opened` and `failed` is called, later
 * and at most once. Returns the way to end the attempt.
 */
export type Open = (
  address: string,
  opened: (socket: Socket) => void,
  failed: (error: Error) => void,
) => () => void;

export type Contest = {
  /** In the order of preference. */
  readonly addresses: readonly string[];
  /** Addresses that join the list later. */
  readonly later: Promise<readonly string[]> | undefined;
  readonly open: Open;
  /** Told when every address has failed and others may still come, and when they have. */
  readonly waits?: (isWaiting: boolean) => void;
};

/**
 * The first connection that opens to one of several addresses (RFC 8305, sections 4 and 5): the
 * address families take turns, the next attempt starts after 250 ms or as soon as one fails, and no
 * attempt ends an earlier one. The losers are ended; so are all when `signal` aborts. Throws the
 * reason of the abort, or an AggregateError of why each address failed; it is empty when there was
 * none.
 */
export function firstConnection(
  { addresses, later, open, waits = () => {} }: Contest,
  signal: AbortSignal,
  delayMs = attemptDelayMs,
): Promise<Socket> {
  const [only, another] = addresses;
  if (later === undefined && only !== undefined && another === undefined)
    return onlyConnection(only, open, signal);
  return new Promise((resolve, reject) => {
    const waiting = [...addresses];
    const running = new Set<() => void>();
    const errors: Error[] = [];
    let isComplete = later === undefined;
    let isOver = false;
    let started = 0;
    let startedAt = -Infinity;
    let lastFamily = 0;
    let timer: NodeJS.Timeout | undefined;

    const stop = (): void => {
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      for (const end of running) end();
      running.clear();
    };
    const abort = (): void => {
      stop();
      reject(signal.reason);
    };
    const next = (): string | undefined => {
      if (started === mostAttempts) return undefined;
      const other = waiting.findIndex((address) => isIP(address) !== lastFamily);
      return waiting.splice(Math.max(0, other), 1)[0];
    };
    const start = (address: string): void => {
      started += 1;
      startedAt = performance.now();
      lastFamily = isIP(address);
      const end = open(
        address,
        (socket) => {
          if (isOver) return void socket.destroy();
          running.delete(end);
          stop();
          resolve(socket);
        },
        (error) => {
          if (isOver) return;
          running.delete(end);
          errors.push(error);
          advance();
        },
      );
      running.add(end);
    };
    /** Starts the next attempt now. */
    const advance = (): void => {
      clearTimeout(timer);
      timer = undefined;
      const address = next();
      if (address !== undefined) {
        start(address);
        schedule();
      } else if (running.size === 0 && isComplete) {
        stop();
        reject(new AggregateError(errors));
      } else if (running.size === 0) waits(true);
    };
    /** Starts the next attempt when its turn has come. */
    const schedule = (): void => {
      if (isOver || timer !== undefined) return;
      if (running.size === 0) return advance();
      if (waiting.length === 0 || started === mostAttempts) return;
      timer = setTimeout(advance, Math.max(0, startedAt + delayMs - performance.now()));
    };

    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    schedule();
    const join = (more: readonly string[]): void => {
      isComplete = true;
      if (!isOver && running.size === 0) waits(false);
      waiting.push(...more.filter((address) => !addresses.includes(address)));
      schedule();
    };
    later?.then(join, () => join([]));
  });
}

/** The same for one address, as most servers have it: there is nothing to race. */
function onlyConnection(address: string, open: Open, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = (): void => {
      end();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    let isOver = false;
    const settles = (): boolean => {
      if (isOver || signal.aborted) return false;
      isOver = true;
      signal.removeEventListener('abort', abort);
      return true;
    };
    const end = open(
      address,
      (socket) => (settles() ? resolve(socket) : void socket.destroy()),
      // A socket that opened has errors later, which are not about its opening.
      (error) => (settles() ? reject(new AggregateError([error])) : undefined),
    );
  });
}
