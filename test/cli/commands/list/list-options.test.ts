import { expect, test } from 'vitest';
import { listOptions } from '../../../../cli/commands/list/list-options.ts';
import { CliError } from '../../../../cli/context.ts';
import { sessionStatuses } from '../../../../functions/model/wire/server-wire.ts';

const read = (flags: Readonly<Record<string, string>>) =>
  listOptions({ option: (flag) => flags[flag], has: (flag) => flag in flags });

const errorOf = (flags: Readonly<Record<string, string>>): string => {
  try {
    read(flags);
  } catch (error) {
    if (error instanceof CliError) return `${error.message} ${error.hint ?? ''}`.trimEnd();
    throw error;
  }
  return 'no error';
};

test.each([
  [{ state: 'Failed,connecting' }, { states: ['Failed', 'Connecting'] }],
  [{ state: 'none' }, { states: ['-'] }],
  [{ session: 'Pending Auth' }, { sessions: ['Pending Auth'] }],
  [{ session: 'pending-auth, EXPIRED' }, { sessions: ['Pending Auth', 'Expired'] }],
  [{ session: '-' }, { sessions: ['-'] }],
  [{ type: 'sse' }, { types: ['sse'] }],
  [{ needs: 'sign-in,repair' }, { needs: ['sign-in', 'repair'] }],
])('%j selects %j', (flags, filter) => {
  expect(read(flags).filter).toEqual(filter);
});

test.each([
  [{}, false],
  [{ output: 'name' }, false],
  [{ state: 'Failed', needs: 'repair', 'sort-by': 'state' }, false],
  [{ output: 'wide' }, true],
  [{ output: 'json' }, true],
  [{ columns: 'name,since' }, true],
  [{ 'sort-by': 'since' }, true],
  [{ watch: '' }, false],
  [{ watch: '', output: 'json' }, true],
])('%j asks for conditions: %s', (flags, withConditions) => {
  expect(read(flags)).toMatchObject({ withConditions });
});

test('every status that a session may have can be asked for', () => {
  for (const status of sessionStatuses)
    expect(read({ session: status }).filter.sessions).toEqual([status]);
});

test.each([
  [
    { state: 'Faild' },
    'Unknown value of --state "Faild" (valid: connected, connecting, failed, none). Did you mean: --state failed',
  ],
  [
    { session: 'pending' },
    'Unknown value of --session "pending" (valid: authenticated, pending-auth, expired, none).',
  ],
  [{ type: 'http' }, 'Unknown value of --type "http" (valid: streamable-http, sse, stdio).'],
  [
    { needs: 'signin' },
    'Unknown value of --needs "signin" (valid: sign-in, repair). Did you mean: --needs sign-in',
  ],
  [
    { 'sort-by': 'name,state' },
    'Unknown value of --sort-by "name,state" (valid: name, state, session, type, since, expires, reason).',
  ],
  [{ columns: 'name,output' }, /^Unknown column "output" \(valid: name, namespace, .*, stale\)\.$/],
  [{ columns: 'nam' }, /Did you mean: --columns name$/],
  [
    { columns: 'name', output: 'json' },
    '--columns cannot be combined with -o json. Use jq to choose fields of -o json.',
  ],
  [{ interval: '5s' }, '--interval needs --watch. Add --watch.'],
])('%j is an error that says what is right', (flags, text) => {
  expect(errorOf(flags)).toEqual(text instanceof RegExp ? expect.stringMatching(text) : text);
});

test('what only a person has needs one', () => {
  const needing = [
    { session: 'expired' },
    { needs: 'repair,sign-in' },
    { columns: 'name,session' },
    { columns: 'next' },
  ];
  expect(needing.map((flags) => read(flags).needsPerson)).toEqual([true, true, true, true]);
  const open = [{}, { needs: 'repair' }, { columns: 'name,url' }, { state: 'failed' }];
  expect(open.map((flags) => read(flags).needsPerson)).toEqual([false, false, false, false]);
});

test('a filter is told as it was typed', () => {
  const flags = { state: 'failed', selector: 'team=search' };
  expect(read(flags).filterText).toBe('-l team=search --state failed');
  expect(read({}).filterText).toBeUndefined();
});

test('an endpoint is asked every 10 s, and never more than once a second', () => {
  expect(read({ watch: '' }).intervalMs).toBe(10_000);
  expect(read({ watch: '', interval: '1m' }).intervalMs).toBe(60_000);
  expect(read({ watch: '', interval: '1ms' }).intervalMs).toBe(1_000);
});
