/** Does each part of the benchmark run, and are its outputs sane? Times are no gate here. */
import { describe, expect, test } from 'vitest';
import { parts } from '../../bench/bench.ts';
import type { Part, Row } from '../../bench/part.ts';

const all: readonly (readonly [string, Part])[] = await Promise.all(
  Object.entries(parts).map(async ([name, load]) => [name, await load()] as const),
);
const [smoke, others] = [
  all.filter(([, { notInSmoke }]) => notInSmoke === undefined),
  all.filter(([, { notInSmoke }]) => notInSmoke !== undefined),
];
for (const [name, { notInSmoke }] of others)
  console.warn(`!! ${name} is not measured here: ${notInSmoke ?? ''}`);

test.each(all)('%s is registered under its name', (name, part) => expect(part.name).toBe(name));

describe.each(smoke)('the small form of %s', (name, part) => {
  test('runs, and gives a table', async () => {
    const startedAt = performance.now();
    const { rows, missing, notes } = await part.measure('small');
    console.log(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    for (const peer of missing) console.warn(`!! ${name} ran without a peer: ${peer}`);
    expect(rows.length, 'rows').toBeGreaterThan(0);
    expect(rows.flatMap(problemsOf)).toEqual([]);
    expect(rows.map(({ measure }) => measure)).toEqual([
      ...new Set(rows.map(({ measure }) => measure)),
    ]);
    expect(notes.filter((note) => !/[.:]$/.test(note))).toEqual([]);
    expect(missing.filter((peer) => !howToGet.test(peer))).toEqual([]);
  });
});

/** The command that installs it, or where its instructions are. */
const howToGet = /\b(apt-get install -y|npm ci|go install) \S+|\b[\w-]+\.(io|dev|org|com)\//;

function problemsOf(row: Row): readonly string[] {
  const { measure, rounds, unit, peers = [] } = row;
  const about = (what: string): string => `${measure}: ${what}`;
  const contenders = [{ name: 'ours', rounds }, ...peers];
  return [
    ...(rounds.length === 0 ? [about('no rounds')] : []),
    ...contenders.flatMap(({ name, rounds: values }) =>
      values
        .filter((value) => !isSane(value, row))
        .map((value) => about(`${name} ${value} ${unit}`)),
    ),
    ...peers
      .filter((peer) => peer.rounds.length !== rounds.length)
      .map((peer) => about(`${peer.name} has ${peer.rounds.length} rounds, ours ${rounds.length}`)),
  ];
}

/** Nothing takes no time. A count, and what is left of a difference, may be 0. */
const isSane = (value: number, { unit, isChange = false }: Row): boolean =>
  Number.isFinite(value) &&
  (value > 0 || isChange || (value === 0 && ['', '%', 'KB', 'MB'].includes(unit)));
