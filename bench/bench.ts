/**
 * The benchmark: `npm run bench` measures everything, `npm run bench -- NAME ...` some parts.
 * `--small` is the form of CI. Ratios come from rounds in turn in one run.
 */
import type { Part, Size } from './part.ts';
import { printed } from './printed.ts';

/** Each ends in rows of the table of `docs/performance.md`. */
const parts: Readonly<Record<string, () => Promise<Part>>> = {
  steady: async () => (await import('./sweep/steady.ts')).part,
  first: async () => (await import('./sweep/first.ts')).part,
};

const words = process.argv.slice(2);
const size: Size = words.includes('--small') ? 'small' : 'full';
const wanted = words.filter((word) => !word.startsWith('--'));
const unknown = wanted.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. Parts: ${Object.keys(parts).join(', ')}.`);
  process.exit(1);
}
for (const [name, load] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const part = await load();
  console.log(`\n${part.title}\n`);
  console.log(printed(await part.measure(size)));
}
