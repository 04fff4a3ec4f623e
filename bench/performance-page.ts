/** The tables of `docs/performance.md`: each part has a section, and a place in it. */
import type { Part } from './part.ts';

const end = '<!-- bench: end -->';
/** Where the section of a part goes that is behind all others. */
const more = '<!-- bench: more -->';

const startOf = (name: string): string => `<!-- bench: ${name} -->`;

/** The names of the parts that have a place, in the order of the page. */
export const placesIn = (page: string): readonly string[] =>
  [...page.matchAll(/^<!-- bench: (\S+) -->$/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'end' && name !== 'more');

/** What was written last for a part. Undefined: it has no place. */
export function writtenIn(page: string, name: string): string | undefined {
  const place = placeOf(page, name);
  return place && page.slice(place.from, place.to).trim();
}

/**
 * The page with the new text of one part; everything else stays. A part without a place gets a
 * section: before the next part of `order` that has one. Throws where the page has no room for it.
 */
export function withPart(
  page: string,
  { name, title }: Pick<Part, 'name' | 'title'>,
  text: string,
  order: readonly string[],
): string {
  const place = placeOf(page, name);
  if (place !== undefined)
    return `${page.slice(0, place.from)}\n\n${text}\n\n${page.slice(place.to)}`;
  const at = sectionAfter(page, name, order);
  return `${page.slice(0, at)}### ${title}\n\n${startOf(name)}\n\n${text}\n\n${end}\n\n${page.slice(at)}`;
}

function placeOf(
  page: string,
  name: string,
): { readonly from: number; readonly to: number } | undefined {
  const start = page.indexOf(`${startOf(name)}\n`);
  if (start < 0) return undefined;
  const to = page.indexOf(end, start);
  if (to < 0) throw new Error(`docs/performance.md has no "${end}" for ${name}.`);
  return { from: start + startOf(name).length, to };
}

function sectionAfter(page: string, name: string, order: readonly string[]): number {
  const later = order
    .slice(order.indexOf(name) + 1)
    .map((other) => page.indexOf(`${startOf(other)}\n`))
    .find((at) => at >= 0);
  const at = later === undefined ? page.indexOf(more) : page.lastIndexOf('\n### ', later) + 1;
  if (at <= 0) throw new Error(`docs/performance.md has no place for ${name}: "${more}".`);
  return at;
}
