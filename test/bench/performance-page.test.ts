import { expect, test } from 'vitest';
import { placesIn, withPart, writtenIn } from '../../bench/performance-page.ts';

const page = `# Performance

## Results

### Probe

<!-- bench: probe -->

old probe

<!-- bench: end -->

Why the aim is missed.

### Command line

<!-- bench: cli -->

old cli

<!-- bench: end -->

<!-- bench: more -->

## Sizes
`;
const order = ['probe', 'list', 'cli', 'cold'];
const aPart = (name: string): { name: string; title: string } => ({ name, title: `The ${name}` });

test('a table replaces only itself', () =>
  expect(withPart(page, aPart('probe'), 'new probe', order)).toBe(
    page.replace('old probe', 'new probe'),
  ));

test('the same table leaves the page as it is', () =>
  expect(withPart(page, aPart('cli'), 'old cli', order)).toBe(page));

test('a table with the signs of a replacement is written as it is', () =>
  expect(writtenIn(withPart(page, aPart('cli'), "$1 $& $'", order), 'cli')).toBe("$1 $& $'"));

test('a new part gets its section before the part that follows it', () => {
  const written = withPart(page, aPart('list'), 'new list', order);
  expect(placesIn(written)).toEqual(['probe', 'list', 'cli']);
  expect(written).toBe(
    page.replace(
      '### Command line\n',
      '### The list\n\n<!-- bench: list -->\n\nnew list\n\n<!-- bench: end -->\n\n### Command line\n',
    ),
  );
});

test('a new part behind all others gets the last section', () => {
  const written = withPart(page, aPart('cold'), 'new cold', order);
  expect(placesIn(written)).toEqual(['probe', 'cli', 'cold']);
  expect(written.slice(0, written.indexOf('### The cold'))).toBe(
    page.slice(0, page.indexOf('<!-- bench: more -->')),
  );
});

test('a page without room for a part is refused', () =>
  expect(() => withPart('# Performance\n', aPart('cold'), 'new', order)).toThrow(
    'docs/performance.md has no place for cold',
  ));

test('a part without a place has no table', () => expect(writtenIn(page, 'list')).toBeUndefined());
