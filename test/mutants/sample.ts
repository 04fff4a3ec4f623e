/** `MUTANTS`: how many mutants of each folder are judged, or `all`. `MUTANTS_SEED`: which ones. */
export function sampleOf<Item>(all: readonly Item[]): readonly Item[] {
  const { MUTANTS: wanted = 'all', MUTANTS_SEED: seed = '1' } = process.env;
  if (wanted === 'all') return all;
  const random = randomFrom(Number(seed));
  const chosen = new Set(
    all
      .map((item) => ({ item, order: random() }))
      .toSorted((one, other) => one.order - other.order)
      .slice(0, Number(wanted))
      .map(({ item }) => item),
  );
  return all.filter((item) => chosen.has(item));
}

/** Numbers below 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
