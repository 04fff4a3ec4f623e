import type { Script } from './script.ts';

export type Shrunk = { readonly script: Script; readonly runs: number };

/**
 * A smaller script that still fails: without servers, faults and steps that it does not need. What
 * hits a call follows from the call itself, so what is left stays as it was. It stops after
 * `mostRuns` runs, with the smallest script so far.
 */
export async function shrink(
  script: Script,
  isFailing: (script: Script) => Promise<boolean>,
  mostRuns = 600,
): Promise<Shrunk> {
  let smallest = script;
  let runs = 0;
  const attempt = async (smaller: Script): Promise<boolean> => {
    if (runs >= mostRuns) return false;
    runs += 1;
    const fails = await isFailing(smaller);
    if (fails) smallest = smaller;
    return fails;
  };
  /** Drops stretches of a list: halves first, single items last. */
  const thin = async <Item>(
    items: readonly Item[],
    withItems: (items: readonly Item[]) => Script,
  ): Promise<void> => {
    let left = items;
    for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
      for (let at = 0; at < left.length; ) {
        const fewer = [...left.slice(0, at), ...left.slice(at + size)];
        if (fewer.length < left.length && (await attempt(withItems(fewer)))) left = fewer;
        else at += size;
      }
    }
  };

  for (let before: Script | undefined; before !== smallest; ) {
    before = smallest;
    await thin(smallest.servers, (servers) => ({ ...smallest, servers }));
    await thin(smallest.faults, (faults) => ({ ...smallest, faults }));
    for (const { name } of smallest.servers) {
      const steps = smallest.servers.find((server) => server.name === name)?.steps ?? [];
      await thin(steps, (fewer) => ({
        ...smallest,
        servers: smallest.servers.map((server) =>
          server.name === name ? { ...server, steps: fewer } : server,
        ),
      }));
    }
  }
  return { script: smallest, runs };
}
