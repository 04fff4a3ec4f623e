import widthOf from 'fast-string-width';
import { expect, test } from 'vitest';
import { textTable } from '../../../cli/output/text-table.ts';

const rows = [
  ['NAME', 'DESCRIPTION', 'TYPE'],
  ['a', '東京の検索', 'sse'],
  ['b', 'café ☕', 'stdio'],
];

test('wide characters line up', () => {
  expect(textTable(rows, { widthOf })).toBe(
    `NAME   DESCRIPTION   TYPE
a      東京の検索    sse
b      café ☕       stdio
`,
  );
});

test('wide characters are cut as a terminal counts them, and none in half', () => {
  const text = textTable(rows, { widthOf, fit: { columns: 23, cuttable: 2 } });
  expect(text).toBe(
    `NAME   DESCRIP…   TYPE
a      東京の…    sse
b      café ☕    stdio
`,
  );
  for (const line of text.trimEnd().split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(23);
});

test('a cell that is empty leaves no spaces at the end of its line', () => {
  expect(
    textTable([
      ['A', 'B'],
      ['a', ''],
    ]),
  ).toBe('A   B\na\n');
});
