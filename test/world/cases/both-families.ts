/** Listeners at one port of 127.0.0.1 and of ::1, for this machine only. */
import type { Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { listen, PortInUse } from '../../../local/listen.ts';

export const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** Lets two servers of the same kind listen, the second one where there is IPv6. */
export async function listenOnBoth(make: () => Server, tries = 20): Promise<number> {
  const { port, close } = await listen(make());
  if (!hasIPv6) return port;
  try {
    await listen(make(), port, '::1');
    return port;
  } catch (error) {
    if (!(error instanceof PortInUse) || tries === 0) throw error;
    await close();
    return listenOnBoth(make, tries - 1);
  }
}
