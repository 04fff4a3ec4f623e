import { nearNames } from '../../cli/near-names.ts';

const lastPart = (path: string): string =>
  path
    .replace(/\.(html|md)$/, '')
    .split('/')
    .findLast((part) => part !== '') ?? '';

/** The pages that an address without a page probably means, the nearest first; at most three. */
export function nearestPages(path: string, pages: readonly string[]): readonly string[] {
  const wanted = lastPart(path);
  const moved = pages.filter((page) => lastPart(page) === wanted);
  const near = nearNames(
    wanted,
    pages.map((page) => lastPart(page)).filter((part) => part !== ''),
  ).flatMap((part) => pages.filter((page) => lastPart(page) === part));
  return wanted === '' ? [] : [...new Set([...moved, ...near])].slice(0, 3);
}
