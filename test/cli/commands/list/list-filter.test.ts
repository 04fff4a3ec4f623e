import { expect, test } from 'vitest';
import {
  type ListFilter,
  matches,
  sortedBy,
  type SortKey,
} from '../../../../cli/commands/list/list-filter.ts';
import { aRow, aSession } from '../../rows.ts';

const since = (lastTransitionTime: string) => [
  { type: 'Reachable', status: 'True', reason: 'Responded', lastTransitionTime } as const,
];

const { state: _, reason: __, ...unprobed } = aRow({ name: 'local', type: 'stdio' });
const rows = [
  aRow({ name: 'fine', session: aSession({ expiresAt: '2026-11-22T13:00:00Z' }) }),
  aRow({
    name: 'down',
    state: 'Failed',
    reason: 'ConnectionRefused',
    conditions: since('2026-11-22T11:00:00Z'),
    session: aSession({ status: '-' }),
  }),
  aRow({
    name: 'new',
    session: aSession({ status: 'Pending Auth' }),
    conditions: since('2026-11-22T10:00:00Z'),
  }),
  aRow({ name: 'over', type: 'sse', session: aSession({ status: 'Expired' }) }),
  aRow({ name: 'website', speaksMcp: 'False', session: aSession({ status: '-' }) }),
  aRow({
    name: 'flaky',
    state: 'Connecting',
    reason: 'Timeout',
    session: aSession({ status: '-' }),
  }),
  unprobed,
];

test.each<[string, ListFilter, string[]]>([
  ['no filter', {}, ['fine', 'down', 'new', 'over', 'website', 'flaky', 'local']],
  ['two states', { states: ['Failed', 'Connecting'] }, ['down', 'flaky']],
  ['no state', { states: ['-'] }, ['local']],
  ['a session', { sessions: ['Pending Auth'] }, ['new']],
  ['no session', { sessions: ['-'] }, ['down', 'website', 'flaky', 'local']],
  ['a type', { types: ['sse', 'stdio'] }, ['over', 'local']],
  ['what needs a sign-in', { needs: ['sign-in'] }, ['new', 'over']],
  ['what needs repair', { needs: ['repair'] }, ['down', 'website', 'flaky']],
  ['either need', { needs: ['sign-in', 'repair'] }, ['down', 'new', 'over', 'website', 'flaky']],
  ['all parts at once', { states: ['Connected'], needs: ['sign-in'], types: ['sse'] }, ['over']],
])('%s', (_title, filter, names) => {
  expect(rows.filter((row) => matches(filter, row)).map(({ name }) => name)).toEqual(names);
});

test.each<[SortKey, string[]]>([
  ['name', ['down', 'fine', 'flaky', 'local', 'new', 'over', 'website']],
  ['state', ['down', 'flaky', 'fine', 'new', 'over', 'website', 'local']],
  ['session', ['over', 'new', 'fine', 'down', 'flaky', 'local', 'website']],
  ['type', ['over', 'local', 'down', 'fine', 'flaky', 'new', 'website']],
  ['since', ['down', 'new', 'fine', 'flaky', 'local', 'over', 'website']],
  ['expires', ['fine', 'down', 'flaky', 'local', 'new', 'over', 'website']],
  ['reason', ['down', 'fine', 'new', 'over', 'website', 'flaky', 'local']],
])('sorted by %s: what a person has to look at comes first', (key, names) => {
  expect(sortedBy(rows, key).map(({ name }) => name)).toEqual(names);
});

test('without a key names are sorted within their namespaces', () => {
  const twins = [aRow({ namespace: 'b', name: 'x' }), aRow({ namespace: 'a', name: 'y' })];
  const order = (key?: SortKey) => sortedBy(twins, key).map(({ name }) => name);
  expect([order(), order('name')]).toEqual([
    ['y', 'x'],
    ['x', 'y'],
  ]);
});
