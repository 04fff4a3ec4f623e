/** `muster events` as a table. */
import { afterAll, expect, test, vi } from 'vitest';
import { eventTable, newestFirst } from '../../../cli/output/event-table.ts';

vi.stubEnv('TZ', 'America/New_York');
afterAll(() => vi.unstubAllEnvs());

const changes = newestFirst([
  {
    namespace: 'default',
    name: 'twin',
    at: '2026-11-22T03:55:30Z',
    to: 'Connected',
    reason: 'Responded',
  },
  {
    namespace: 'team-a',
    name: 'twin',
    at: '2026-11-22T12:00:00.500Z',
    from: 'Connecting',
    to: 'Failed',
    reason: 'Timeout',
    message: 'No answer in time.\nforged',
  },
]);

test('one line for each change, the newest first, at the local time', () => {
  expect(
    eventTable(changes, { headers: true }),
  ).toBe(`TIME                  NAME           FROM         TO          REASON      MESSAGE
2026-11-22 07:00:00   team-a/twin    Connecting   Failed      Timeout     No answer in time. forged
2026-11-21 22:55:30   default/twin   -            Connected   Responded
`);
});

test('on a terminal messages are cut to its width, and nothing else is', () => {
  const [head, first] = eventTable(changes, { headers: true, columns: 90 }).split('\n');
  expect(head).toMatch(/MESSAGE$/);
  expect(first).toBe(
    '2026-11-22 07:00:00   team-a/twin    Connecting   Failed      Timeout     No answer in ti…',
  );
  expect(eventTable(changes, { headers: true, columns: 20 })).toMatch(/ No answ…\n/);
});

test('without headers', () => {
  expect(eventTable(changes.slice(1), { headers: false })).toBe(
    '2026-11-21 22:55:30   twin   -   Connected   Responded\n',
  );
});
