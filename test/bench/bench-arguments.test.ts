import { expect, test } from 'vitest';
import { asked } from '../../bench/bench-arguments.ts';

const names = { parts: ['probe', 'list', 'cold'], reports: ['cost', 'verdicts'] };
const measure = { kind: 'measure', size: 'full', isWriting: false } as const;

test('no name means every part', () =>
  expect(asked([], names)).toEqual({ ...measure, parts: ['probe', 'list', 'cold'] }));

test('parts are measured in the order of the page', () =>
  expect(asked(['cold', '--write', 'probe'], names)).toEqual({
    ...measure,
    parts: ['probe', 'cold'],
    isWriting: true,
  }));

test('the small form is that of CI', () =>
  expect(asked(['--small', 'list'], names)).toEqual({
    ...measure,
    parts: ['list'],
    size: 'small',
  }));

test('arguments behind a report belong to it', () =>
  expect(asked(['verdicts', '--write', '--list', 'probe'], names)).toEqual({
    kind: 'report',
    name: 'verdicts',
    args: ['--write', '--list', 'probe'],
  }));

test('everything can be listed', () => expect(asked(['--list'], names)).toEqual({ kind: 'list' }));

test.each([
  [
    ['prob', 'list'],
    'There is no benchmark prob. Parts: probe, list, cold. Reports: cost, verdicts.',
  ],
  [['--write', 'cost'], 'cost is a report and runs alone: npm run bench -- cost'],
  [['--smal'], 'Unknown flag --smal. Flags: --small, --write, --list.'],
  [['-w'], 'Unknown flag -w. Flags: --small, --write, --list.'],
  [['--small', '--write'], '--small has too few rounds for the page. Use --write without it.'],
])('%j is refused: %s', (args, message) =>
  expect(asked(args, names)).toEqual({ kind: 'refused', message }),
);
