/** What a person may type for a server, and what the command answers to what is none. */
import { expect, test } from 'vitest';
import { parseServerName, serverAmong } from '../../../cli/api/server-names.ts';
import { CliError } from '../../../cli/context.ts';
import { aRow } from '../rows.ts';

/** What a person reads. */
function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof CliError) return `${error.message} ${error.hint ?? ''}`.trim();
    throw error;
  }
  return 'no error';
}

test.each([
  ['server-a', undefined, { text: 'server-a', name: 'server-a' }],
  ['server-a', 'team-a', { text: 'server-a', namespace: 'team-a', name: 'server-a' }],
  ['team-a/a.b', undefined, { text: 'team-a/a.b', namespace: 'team-a', name: 'a.b' }],
  ['team-a/a', 'team-a', { text: 'team-a/a', namespace: 'team-a', name: 'a' }],
])('%s, with the namespace %s', (text, namespace, name) => {
  expect(parseServerName(text, namespace)).toEqual(name);
});

test.each([
  '../x',
  '',
  '/',
  '/x',
  'x/',
  'a/b/c',
  '..',
  'a b',
  '%2e%2e/x',
  'a\u202eb',
  'x?y',
  'x#y',
])('%j is not a name', (text) => {
  expect(refusalOf(() => parseServerName(text))).toMatch(
    /^".*" is not a name\. Use a name such as server-a or default\/server-a\.$/,
  );
});

test('a name in capitals is answered with the name that it may mean', () => {
  expect(refusalOf(() => parseServerName('Team-A/GitHub'))).toBe(
    '"Team-A/GitHub" is not a name. Names are in lower case. Did you mean team-a/github?',
  );
});

test('a namespace that cannot be one, and two that differ', () => {
  expect(refusalOf(() => parseServerName('a', '../b'))).toMatch(/^"\.\.\/b" is not a namespace\./);
  expect(refusalOf(() => parseServerName('team-a/a', 'team-b'))).toBe(
    '"team-a/a" is not in the namespace team-b.',
  );
});

const rows = [
  aRow({ name: 'github' }),
  aRow({ name: 'github', namespace: 'team-b' }),
  aRow({ name: 'gitlab', namespace: 'team-b' }),
  aRow({ name: 'grafana-prod' }),
  aRow({ name: 'grafana-test' }),
];

test.each([
  ['gitlb', 'Did you mean gitlab?'],
  ['githb', 'Did you mean default/github or team-b/github?'],
  ['grafana', 'Did you mean grafana-prod or grafana-test?'],
  ['default/gitlab', 'Did you mean team-b/gitlab?'],
  ['default/grafana-prd', 'Did you mean default/grafana-prod?'],
])('there is no %s: near names, those in other namespaces first', (text, suggestion) => {
  expect(refusalOf(() => serverAmong(rows, parseServerName(text)))).toBe(
    `There is no MCPServer ${text}. ${suggestion} To list all names, run: muster list mcpserver`,
  );
});

test('there is no such server, and none with a similar name', () => {
  for (const among of [rows, []])
    expect(refusalOf(() => serverAmong(among, parseServerName('postgres')))).toBe(
      'There is no MCPServer postgres. Run: muster list mcpserver',
    );
});

test('a name in two namespaces is answered with both full names', () => {
  expect(refusalOf(() => serverAmong(rows, parseServerName('github')))).toBe(
    '"github" is in 2 namespaces: default/github, team-b/github. Use the full name, for example: default/github',
  );
  expect(serverAmong(rows, parseServerName('github', 'team-b')).namespace).toBe('team-b');
});
