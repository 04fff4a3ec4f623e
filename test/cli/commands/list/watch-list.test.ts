import { expect, test } from 'vitest';
import { type Look, watchList } from '../../../../cli/commands/list/watch-list.ts';
import {
  lineView,
  screenView,
  valueView,
  type ViewOptions,
} from '../../../../cli/commands/list/watch-views.ts';
import { NoResponse } from '../../../../cli/api/no-response.ts';
import { RequestFailure } from '../../../../cli/api/request.ts';
import { CliError, exitCodes } from '../../../../cli/context.ts';
import type { Frame } from '../../../../cli/output/screen.ts';
import { table } from '../../../../cli/output/table.ts';
import type { Row } from '../../../../functions/model/wire/server-wire.ts';
import { aRow, now } from '../../rows.ts';

const look = (rows: readonly Row[] = [aRow()], signedIn = true): Look => ({
  rows,
  problems: [],
  reasonPages: new Map(),
  signedIn,
});
const away = () => new NoResponse(new URL('https://muster.example.com'), 'connection refused', '');
const over = () =>
  new CliError('Your sign-in has expired.', { exitCode: exitCodes.signInRequired });
const unavailable = () => new RequestFailure('The cluster is unavailable.', 503, undefined);

/** Looks one after another; the person ends it after the last one. */
async function watched(looks: readonly (Look | Error)[], intervalMs = 10_000) {
  const did: string[] = [];
  let count = 0;
  const ended = watchList({
    look: async () => {
      const next = looks[count];
      count += 1;
      if (next instanceof Error) throw next;
      return next ?? look();
    },
    wait: async (ms) => {
      did.push(`wait ${ms / 1000}`);
      if (count === looks.length) throw new Error('Ctrl-C');
    },
    isRead: () => true,
    view: {
      first: () => void did.push('first'),
      next: () => void did.push('next'),
      lost: ({ message }) => void did.push(`lost: ${message}`),
      back: () => void did.push('back'),
    },
    intervalMs,
  });
  const error = await ended.then(
    () => 'none',
    (reason: unknown) => (reason instanceof Error ? reason.message : 'unknown'),
  );
  return { did, error };
}

test('a list is looked at every interval, until the person ends it', async () => {
  expect(await watched([look(), look(), look()])).toEqual({
    did: ['first', 'wait 10', 'next', 'wait 10', 'next', 'wait 10'],
    error: 'Ctrl-C',
  });
});

test('a lost connection is told once, tried again after growing pauses, and its end is told', async () => {
  const { did } = await watched([look(), away(), unavailable(), away(), look(), look()]);
  expect(did).toEqual([
    'first',
    'wait 10',
    'lost: https://muster.example.com: connection refused.',
    'wait 2',
    'wait 4',
    'wait 8',
    'back',
    'next',
    'wait 10',
    'next',
    'wait 10',
  ]);
});

test('the pauses never grow beyond a minute', async () => {
  const { did } = await watched([look(), ...Array.from({ length: 12 }, away)]);
  expect(did.slice(-3)).toEqual(['wait 60', 'wait 60', 'wait 60']);
});

test.each<[string, readonly (Look | Error)[], string]>([
  ['a first look that fails', [away()], 'https://muster.example.com: connection refused.'],
  ['a sign-in that has ended', [look(), over()], 'Your sign-in has expired.'],
  ['a sign-out', [look(), look([], false)], 'You have signed out in the meantime.'],
  [
    'a refused query',
    [look(), new RequestFailure('Invalid query.', 400, undefined)],
    'Invalid query.',
  ],
  ['a mistake of ours', [look(), new TypeError('undefined')], 'undefined'],
])('%s ends it', async (_what, looks, message) => {
  expect((await watched(looks)).error).toBe(message);
});

test('it ends when nobody reads its output any more', async () => {
  let isRead = true;
  let looks = 0;
  await watchList({
    look: async () => {
      looks += 1;
      return look();
    },
    wait: async () => {},
    isRead: () => isRead,
    view: { first: () => {}, next: () => void (isRead = false), lost: () => {}, back: () => {} },
    intervalMs: 1,
  });
  expect(looks).toBe(2);
});

/** What a view prints, and says on stderr. */
function viewWorld(matches: (row: Row) => boolean = () => true) {
  const printed: string[] = [];
  const said: string[] = [];
  const options: ViewOptions = {
    print: (text) => void printed.push(text),
    info: (line) => void said.push(line),
    now: () => now,
    paint: (_style, text) => text,
    matches,
    textOf: ({ rows, signedIn }, width) =>
      table(rows, { signedIn, now, ...(width === undefined ? {} : { width }) }),
    notesOf: ({ rows }) => (rows.some(({ stale }) => stale) ? ['Warning: stale'] : []),
  };
  return { options, text: () => printed.join(''), said };
}

const clock = /^\d\d:\d\d:\d\d/gm;
const failed = aRow({ state: 'Failed', reason: 'Timeout' });
const failedB = aRow({ name: 'server-b', state: 'Failed', reason: 'Timeout' });

test('without a terminal the list comes first, then a line for each change', () => {
  const { options, text, said } = viewWorld();
  const view = lineView(options);
  view.first(look([failed], false));
  view.next(look([aRow(), aRow({ name: 'server-bb' })], false), look([failed], false));
  view.next(
    look([aRow(), aRow({ name: 'server-bb' })], false),
    look([aRow(), aRow({ name: 'server-bb' })], false),
  );
  expect(text().replace(clock, '14:05:40')).toBe(`NAME       STATE    TYPE
server-a   Failed   streamable-http
14:05:40   server-a    Failed -> Connected
14:05:40   server-bb   added, Connected
`);
  expect(said).toEqual([]);
});

test('a warning and a lost connection are a line each on stderr, once', () => {
  const { options, said } = viewWorld();
  const view = lineView(options);
  const stale = look([aRow({ stale: true })]);
  view.first(stale);
  view.next(stale, stale);
  view.lost(away());
  view.back();
  expect(said.map((line) => line.replace(clock, '14:05:40'))).toEqual([
    'Warning: stale',
    '14:05:40   Not up to date: https://muster.example.com: connection refused. Trying again.',
    '14:05:40   Up to date again.',
  ]);
});

test('as JSON each row at the start and each change is one line of its own', () => {
  const { options, text } = viewWorld(({ state }) => state === 'Failed');
  const view = valueView(options, 'json');
  view.first(look([aRow(), failedB]));
  view.next(look([failed]), look([aRow(), failedB]));
  const values = text()
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(values).toEqual([
    { time: now.toISOString(), type: 'listed', row: failedB },
    { time: now.toISOString(), type: 'added', row: failed },
    { time: now.toISOString(), type: 'removed', row: failedB },
  ]);
});

test('on a terminal a list that is too long says how much is missing, and the last changes stay', () => {
  let shown: Frame = () => [];
  const { options } = viewWorld();
  const view = screenView(options, { show: (frame) => void (shown = frame), close: () => {} });
  const rows = Array.from({ length: 20 }, (_, index) => aRow({ name: `server-${10 + index}` }));
  const [first = aRow(), ...others] = rows;
  view.first(look(rows, false));
  view.next(look([{ ...first, state: 'Failed' }, ...others], false), look(rows, false));
  const lines = (size: { columns: number; rows: number }) =>
    shown(size).map((line) => line.replace(clock, '14:05:40'));
  const frame = lines({ columns: 60, rows: 10 });
  expect(frame).toHaveLength(10);
  expect(frame.slice(-5).map((line) => line.replace(/\d\d:\d\d:\d\d/, '14:05:40'))).toEqual([
    'server-14   Connected   streamable-http',
    '... 15 more lines. Fewer with -n, --state or --needs.',
    '',
    '14:05:40   server-10   Connected -> Failed (Responded)',
    'Updated 14:05:40. Ctrl-C ends it.',
  ]);
  expect(lines({ columns: 30, rows: 40 })[1]).toBe('server-10   Failed      streama…');
  view.lost(away());
  expect(shown({ columns: 60, rows: 10 }).at(-1)).toMatch(
    /Not up to date: .*refused\. Trying again\.$/,
  );
});
