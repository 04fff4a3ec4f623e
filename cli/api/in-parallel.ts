/**
 * What `work` makes of each item, in the order of the items, at most `most` at a time. (p-limit
 * would be 3 % of the whole command line.)
 */
export async function inParallel<Item, Made>(
  most: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Made>,
): Promise<readonly Made[]> {
  const made: Made[] = [];
  // All of them take from the same items.
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) made[index] = await work(item);
  };
  await Promise.all(Array.from({ length: most }, worker));
  return made;
}
