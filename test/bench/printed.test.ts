import { expect, test } from 'vitest';
import type { Result, Row } from '../../bench/part.ts';
import { printed } from '../../bench/printed.ts';

const aRow = (row: Partial<Row>): Row => ({ measure: 'a probe', unit: 'ms', rounds: [1], ...row });
const aResult = (rows: readonly Row[], result: Partial<Result> = {}): Result => ({
  rows,
  missing: [],
  notes: [],
  ...result,
});

/** The cells of each line below the head. */
const lines = (rows: readonly Row[]): readonly (readonly string[])[] =>
  printed(aResult(rows), 'a day')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));

test('a table has its date, its machine, and what the numbers need beside them', () =>
  expect(
    printed(
      aResult([aRow({})], {
        missing: ['kubectl is not installed (Debian: apt-get install -y kubernetes-client).'],
        notes: ['256 at a time.'],
      }),
      '2026-11-26, 2 cores (a CPU), Node 24.21.0',
    ),
  ).toBe(
    `Measured on 2026-11-26, 2 cores (a CPU), Node 24.21.0.

| measure | aim | measured (median, least to most) | peer | ratio | met |
| --- | --- | --- | --- | --- | --- |
| a probe |  | 1 ms |  |  |  |

- 256 at a time.
- Missing in this run: kubectl is not installed (Debian: apt-get install -y kubernetes-client).`,
  ));

test('several rounds are their median, and the least and the most', () =>
  expect(lines([aRow({ rounds: [30, 10.04, 20] })])).toEqual([
    ['a probe', '', '20 ms (10 to 30)', '', '', ''],
  ]));

test('a count that does not vary has no spread', () =>
  expect(lines([aRow({ rounds: [0, 0], unit: '' })])).toEqual([['a probe', '', '0', '', '', '']]));

test.each([
  [{ atMost: 20 }, 'at most 20 ms', 'yes'],
  [{ atMost: 0.12 }, 'at most 0.12 ms', 'no'],
  [{ atLeast: 20 }, 'at least 20 ms', 'yes'],
  [{ atLeast: 5_000 }, 'at least 5,000 ms', 'no'],
])('an aim is compared with the median: %j', (aim, text, met) =>
  expect(lines([aRow({ rounds: [30, 10, 20], aim })])).toEqual([
    ['a probe', text, '20 ms (10 to 30)', '', '', met],
  ]),
);

test('a peer is beside ours, with the median of the ratios round by round', () =>
  expect(
    lines([
      aRow({
        rounds: [10, 40, 10],
        peers: [{ name: 'raw sockets', rounds: [20, 80, 10], aim: { atMost: 0.5 } }],
      }),
    ]),
  ).toEqual([
    [
      'a probe',
      'ratio at most 0.5',
      '10 ms (10 to 40)',
      'raw sockets: 20 ms (10 to 80)',
      '0.5',
      'yes',
    ],
  ]));

test('a peer without an aim is compared and not judged', () =>
  expect(lines([aRow({ peers: [{ name: 'node:http', rounds: [3] }] })])).toEqual([
    ['a probe', '', '1 ms', 'node:http: 3 ms', '0.333', ''],
  ]));

test('a measure with an aim of its own and several peers is named once', () =>
  expect(
    lines([
      aRow({
        aim: { atMost: 2 },
        peers: [
          { name: 'one', rounds: [2], aim: { atMost: 0.4 } },
          { name: 'two', rounds: [4] },
        ],
      }),
    ]),
  ).toEqual([
    ['a probe', 'at most 2 ms', '1 ms', '', '', 'yes'],
    ['', 'ratio at most 0.4', '', 'one: 2 ms', '0.5', 'no'],
    ['', '', '', 'two: 4 ms', '0.25', ''],
  ]));

test('an aim of ours shares its line with a peer that has none', () =>
  expect(lines([aRow({ aim: { atMost: 2 }, peers: [{ name: 'one', rounds: [2] }] })])).toEqual([
    ['a probe', 'at most 2 ms', '1 ms', 'one: 2 ms', '0.5', 'yes'],
  ]));

test.each([
  [20_255.4, '/s', '20,255/s'],
  [0.16649, 'CPU ms', '0.166 CPU ms'],
  [0.000_012_34, 's', '0.0000123 s'],
  [99.96, 'MB', '100 MB'],
  [5, '%', '5 %'],
] as const)('%d %s is printed as %s', (value, unit, text) =>
  expect(lines([aRow({ rounds: [value], unit })])[0]?.[2]).toBe(text),
);

test('an aim is met by the figure that people read', () =>
  expect(lines([aRow({ rounds: [120.3], aim: { atMost: 120 } })])).toEqual([
    ['a probe', 'at most 120 ms', '120 ms', '', '', 'yes'],
  ]));
