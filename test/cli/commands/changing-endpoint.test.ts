/** check --all, wait and events against an endpoint that changes, limits or knows no changes. */
import { createServer, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { Check } from '../../../functions/model/wire/check-wire.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { listen } from '../../../local/listen.ts';
import { aRow } from '../rows.ts';
import { runMuster } from '../run.ts';
import { sandbox } from '../sandbox.ts';
import { saveTokens } from '../saved-tokens.ts';

const box = sandbox();

type Answer = { readonly status?: number; readonly body: object } | 'cut';
type Routes = {
  readonly rows: readonly Row[];
  /** The answer to the so-manyeth GET of one server, from 1. */
  readonly get?: (row: Row, time: number) => Answer;
  readonly check?: (row: Row, time: number) => Answer;
  /** By name; without them the endpoint has no such route. */
  readonly changes?: Readonly<Record<string, readonly object[]>>;
};

const notFound: Answer = { status: 404, body: { title: 'No such route' } };

/** An endpoint of the test's own, and a person who is signed in to it. */
async function endpointWith({ rows, get, check, changes }: Routes) {
  const asked: string[] = [];
  const times = new Map<string, number>();
  const answerTo = (method: string, path: string): Answer => {
    if (path === '/v1/mcpservers') return { body: { items: rows, problems: [] } };
    const [, name, action] = /^\/v1\/mcpservers\/default\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    const row = rows.find((one) => one.name === name);
    if (row === undefined) return notFound;
    const key = `${method} ${action ?? ''}`;
    times.set(key, (times.get(key) ?? 0) + 1);
    const time = times.get(key) ?? 0;
    if (action === 'check') return check?.(row, time) ?? notFound;
    if (action === 'events')
      return changes === undefined ? notFound : { body: { items: changes[row.name] ?? [] } };
    return get?.(row, time) ?? { body: row };
  };
  const send = (response: ServerResponse, answer: Answer): void => {
    if (answer === 'cut') return void response.destroy();
    response
      .writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer.body));
  };
  const { url: endpoint, close } = await listen(
    createServer((request, response) => {
      request.resume();
      const [path = ''] = (request.url ?? '').split('?');
      asked.push(`${request.method ?? ''} ${path}`);
      send(response, answerTo(request.method ?? '', path));
    }),
  );
  box.endAfter(close);
  await saveTokens(endpoint, box.home);
  const muster = (line: string) =>
    runMuster(box.file, line, { endpoint, home: box.home, environment: { TZ: 'UTC' } });
  return { muster, asked };
}

const checkOf = (row: Row, state: string): Check => ({
  namespace: row.namespace,
  name: row.name,
  observed: 'HTTP 200',
  stages: [],
  state,
  reason: 'Responded',
  message: '',
  authRequired: 'False',
  speaksMcp: 'True',
  consecutiveFailures: 0,
});
const tooMany: Answer = {
  status: 429,
  body: {
    title: 'Too many checks',
    detail: 'The limit for each person is 10 checks in 1 minute.',
    hint: 'Try again in 42 seconds.',
  },
};

test('check --all: those that are down first; at the limit it stops and names the rest', async () => {
  const up = Array.from({ length: 12 }, (_, index) => aRow({ name: `up-${String(index + 10)}` }));
  const down = aRow({ name: 'z-down', state: 'Failed' });
  const { muster, asked } = await endpointWith({
    rows: [...up, down, aRow({ name: 'local', type: 'stdio' })],
    check: (row, time) => (time > 4 ? tooMany : { body: checkOf(row, 'Connected') }),
  });
  const { code, stdout, stderr } = await muster('check --all');
  expect(code).toBe(1);
  expect(stdout).toMatch(/^z-down: Connected \(Responded\): HTTP 200\n(up-\d\d: .*\n){3}$/);
  expect(stderr).toMatch(
    /^Left out: 1 of 14 servers, which are suspended or of type stdio and never probed\.\nError: Too many checks: The limit for each person is 10 checks in 1 minute\. Not checked: (default\/up-\d\d, ){4}default\/up-\d\d and 4 more\.\nTry again in 42 seconds\.\n$/,
  );
  // Of those that were on their way, none was followed by another one.
  expect(asked.filter((line) => line.endsWith('/check')).length).toBeLessThanOrEqual(8);
});

test('check --all as JSON lists what was not checked beside what was', async () => {
  const rows = ['a', 'b'].map((name) => aRow({ name }));
  const { muster } = await endpointWith({
    rows,
    check: (row) =>
      row.name === 'a'
        ? { body: checkOf(row, 'Failed') }
        : { status: 500, body: { title: 'Internal error' } },
  });
  const { code, stdout, stderr } = await muster('check --all -o json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    items: [{ name: 'a', state: 'Failed' }],
    problems: [{ namespace: 'default', name: 'b', message: 'Internal error.' }],
  });
  expect(stderr).toBe('Error: Internal error.\nTry again in a minute.\n');
});

test('wait survives a connection that is cut, and ends when the server is Connected', async () => {
  const row = aRow({ state: 'Failed', reason: 'ConnectionRefused' });
  const { muster, asked } = await endpointWith({
    rows: [row],
    get: (_, time) => (time === 1 ? 'cut' : { body: { ...row, state: 'Connected' } }),
  });
  expect(await muster('wait server-a --timeout 30s')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^default\/server-a {2}Connected {2}after [3-9]s\n$/),
    stderr: expect.stringMatching(
      /^Waiting for server-a to be Connected, at most 30 seconds\.\nWarning: http:\S+ the connection was closed without a response\. Still waiting\.\n$/,
    ),
  });
  expect(asked).toEqual([
    'GET /v1/mcpservers',
    'GET /v1/mcpservers/default/server-a',
    'GET /v1/mcpservers/default/server-a',
  ]);
});

test('an endpoint that is still away at the end is an error, not an unmet condition', async () => {
  const { muster } = await endpointWith({
    rows: [aRow({ state: 'Failed' })],
    get: () => ({ status: 503, body: { title: 'Down' } }),
  });
  expect(await muster('wait server-a --timeout 100ms')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('\nError: The endpoint did not answer at the end of '),
  });
});

test('wait --for=deleted ends when the server is gone', async () => {
  const { muster } = await endpointWith({ rows: [aRow()], get: () => notFound });
  expect(await muster('wait server-a --for=deleted --timeout 20s')).toMatchObject({
    code: 0,
    stdout: 'default/server-a  deleted  after 1s\n',
  });
});

test('wait --check believes the probe before the sweep has written', async () => {
  const row = aRow({ state: 'Failed' });
  const { muster } = await endpointWith({
    rows: [row],
    check: () => ({ body: checkOf(row, 'Connected') }),
  });
  expect(await muster('wait server-a --check')).toMatchObject({
    code: 0,
    stdout: 'default/server-a  Connected  after 0s\n',
  });
});

const failed = {
  at: '2026-11-22T11:55:30Z',
  from: 'Connecting',
  to: 'Failed',
  reason: 'ConnectionRefused',
  message: 'Connection refused.',
};
const first = { at: '2026-11-22T11:54:29Z', to: 'Connecting', reason: 'ConnectionRefused' };
const other = { at: '2026-11-22T11:55:00Z', to: 'Connected', reason: 'Responded' };
const rows = [aRow({ name: 'server-c', state: 'Failed' }), aRow()];
const changes = { 'server-c': [failed, first], 'server-a': [other] };

test('events: of one server, and of all servers with the newest first', async () => {
  const { muster } = await endpointWith({ rows, changes });
  const [one, all, json, described] = await Promise.all(
    [
      'events server-c',
      'events --no-headers',
      'events server-a -o json',
      'describe server-c -o json',
    ].map(muster),
  );
  expect(one).toEqual({
    code: 0,
    stdout: `TIME                  NAME       FROM         TO           REASON              MESSAGE
2026-11-22 11:55:30   server-c   Connecting   Failed       ConnectionRefused   Connection refused.
2026-11-22 11:54:29   server-c   -            Connecting   ConnectionRefused
`,
    stderr: '',
  });
  expect(all?.stdout.split('\n').map((line) => line.split(/ {3,}/)[1])).toEqual([
    'server-c',
    'server-a',
    'server-c',
    undefined,
  ]);
  expect(JSON.parse(json?.stdout ?? '')).toEqual({
    items: [{ namespace: 'default', name: 'server-a', ...other }],
  });
  expect(JSON.parse(described?.stdout ?? '')).toMatchObject({ changes: [failed, first] });
});

test('events where the endpoint keeps none, and where nothing has changed', async () => {
  const without = await endpointWith({ rows });
  const [none, json, described] = await Promise.all(
    ['events', 'events -o json', 'describe server-c'].map(without.muster),
  );
  expect([none?.code, none?.stdout]).toEqual([0, '']);
  expect(none?.stderr).toMatch(/^http:\S+ keeps no changes of STATE\.\n$/);
  expect(JSON.parse(json?.stdout ?? '')).toEqual({ items: [] });
  expect([described?.code, described?.stderr]).toEqual([0, '']);
  expect(described?.stdout).not.toContain('Changes');
  const quiet = await endpointWith({ rows, changes: {} });
  expect(await quiet.muster('events')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'No changes of STATE found\n',
  });
});

test('events of a large fleet asks only for the servers that changed last', async () => {
  const fleet = Array.from({ length: 102 }, (_, index) =>
    aRow({
      name: `s-${String(index)}`,
      conditions: [
        {
          type: 'Reachable',
          status: 'True',
          reason: 'Responded',
          lastTransitionTime: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
        },
      ],
    }),
  );
  const { muster, asked } = await endpointWith({ rows: fleet, changes: {} });
  const { stderr } = await muster('events');
  expect(stderr).toMatch(
    /^Only the 100 servers that changed last, of 102\. For another one, run: muster events default\/s-1\n/,
  );
  const names = asked.flatMap((line) => /\/(s-\d+)\/events$/.exec(line)?.[1] ?? []);
  expect(names).toHaveLength(100);
  expect(names).not.toContain('s-0');
});
