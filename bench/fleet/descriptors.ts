import { readdirSync } from 'node:fs';

const everyMs = 10;

/**
 * The most file descriptors that a process had while something ran: seen from outside, however
 * busy the process is.
 */
export async function mostDescriptors<Value>(
  pid: number,
  run: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly most: number }> {
  let most = 0;
  const look = (): void => {
    most = Math.max(most, readdirSync(`/proc/${pid}/fd`).length);
  };
  const timer = setInterval(look, everyMs);
  try {
    const value = await run();
    look();
    return { value, most };
  } finally {
    clearInterval(timer);
  }
}
