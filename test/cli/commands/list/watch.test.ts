import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Row } from '../../../../functions/model/wire/server-wire.ts';
import { listen } from '../../../../local/listen.ts';
import { strictOutputSchemas } from '../../../../site/reference/output-schemas.ts';
import { aRow } from '../../rows.ts';
import { taggedAnswer } from '../../tagged-answer.ts';
import { ctrlC, openTerminal, type Terminal } from '../../pseudo-terminal.ts';
import { buildMuster, removeMuster } from '../../run.ts';

let file: string;
beforeAll(async () => {
  file = await buildMuster();
});
const open: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of open.toReversed()) await close();
  await removeMuster(file);
});

const failed = { state: 'Failed', reason: 'Timeout' };
const start = [aRow(), aRow({ name: 'server-c', ...failed })];

/** An endpoint of before: its lists have no tag, and it compresses nothing. */
const untagged = (...[, response, value]: Parameters<typeof taggedAnswer>): void =>
  void response.end(JSON.stringify(value));

/** An endpoint whose list the test changes. */
async function anEndpoint(first: readonly Row[] = start, answerWith = untagged) {
  let answer: RequestListener | undefined;
  let rows = first;
  const statuses: number[] = [];
  const server: Server = createServer((request, response) => {
    response.on('finish', () => {
      statuses.push(response.statusCode);
      server.emit('answered');
    });
    if (answer === undefined) answerWith(request, response, { items: rows, problems: [] });
    else answer(request, response);
  });
  const { url, close } = await listen(server);
  open.push(close);
  return {
    url,
    statuses,
    answered: async (count: number) => {
      while (statuses.length < count) await once(server, 'answered');
    },
    answer: (listener: RequestListener | undefined) => void (answer = listener),
    change: (next: readonly Row[]) => void (rows = next),
  };
}

type Watching = {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly until: (text: string | RegExp, stream?: 'stdout' | 'stderr') => Promise<void>;
};

function watching(url: string, ...args: readonly string[]): Watching {
  const child = spawn(process.execPath, [file, 'list', '-w', '--interval', '1s', ...args], {
    env: { HOME: '/nonexistent', MUSTER_ENDPOINT: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  open.push(() => child.kill('SIGKILL'));
  const text = { stdout: '', stderr: '' };
  const told = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    text[stream] += chunk.toString();
    child.emit('told');
  };
  child.stdout.on('data', told('stdout'));
  child.stderr.on('data', told('stderr'));
  return {
    child,
    out: () => text.stdout,
    until: async (wanted, stream = 'stdout') => {
      const isThere = () =>
        typeof wanted === 'string' ? text[stream].includes(wanted) : wanted.test(text[stream]);
      while (!isThere()) await once(child, 'told');
    },
  };
}

const clock = /^\d\d:\d\d:\d\d/gm;

describe.concurrent('without a terminal', () => {
  test('changes are appended, a lost connection is a line on stderr, and Ctrl-C is 130', async () => {
    const endpoint = await anEndpoint();
    const { child, out, until } = watching(endpoint.url);
    await until('server-c   Failed');
    endpoint.answer((_request, response) => void response.destroy());
    await until('Not up to date', 'stderr');
    endpoint.answer(undefined);
    endpoint.change([aRow(), aRow({ name: 'server-c' })]);
    await until('->');
    await until(/Up to date again\.\n$/, 'stderr');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([null, 'SIGINT']);
    expect(out().replace(clock, '14:05:40')).toBe(`NAME       STATE       TYPE
server-a   Connected   streamable-http
server-c   Failed      streamable-http
14:05:40   server-c   Failed -> Connected
`);
  });

  test('as JSON every change is a line of its own', async () => {
    const endpoint = await anEndpoint();
    const { out, until } = watching(endpoint.url, '-o', 'json', '--state', 'failed');
    await until('\n');
    endpoint.change([aRow(failed)]);
    await until('removed');
    const values = out()
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const published = z.fromJSONSchema(strictOutputSchemas().get('list-mcpserver') ?? false);
    for (const value of values) expect(published.safeParse(value)).toMatchObject({ success: true });
    expect(values).toMatchObject([
      { type: 'listed', row: { name: 'server-c' } },
      { type: 'added', row: { name: 'server-a' } },
      { type: 'removed', row: { name: 'server-c' } },
    ]);
  });

  test('what has not changed is neither sent nor printed again, and what has changed is', async () => {
    const endpoint = await anEndpoint(start, taggedAnswer);
    const { child, out, until } = watching(endpoint.url);
    await until('server-c   Failed');
    await endpoint.answered(3);
    endpoint.change([aRow(), aRow({ name: 'server-c' })]);
    await until('->');
    child.kill('SIGINT');
    await once(child, 'close');
    expect(endpoint.statuses.slice(0, 3)).toEqual([200, 304, 304]);
    expect(out().match(/server-c/g)).toHaveLength(2);
  });

  test('it ends when its reader has gone', async () => {
    const endpoint = await anEndpoint();
    const { child, until } = watching(endpoint.url);
    await until('server-c');
    child.stdout?.destroy();
    const turns = setInterval(
      () => endpoint.change([aRow(Math.random() < 0.5 ? failed : { reason: 'Redirected' })]),
      100,
    );
    open.push(() => clearInterval(turns));
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('a sign-in that the endpoint requires meanwhile ends it with 2', async () => {
    const endpoint = await anEndpoint();
    const { child, until } = watching(endpoint.url);
    await until('server-c');
    endpoint.answer((_request, response) =>
      response
        .writeHead(401, { 'content-type': 'application/problem+json' })
        .end('{"title":"Sign-in required","hint":"Run: muster auth login"}'),
    );
    await until('Run: muster auth login', 'stderr');
    expect(await once(child, 'exit')).toEqual([2, null]);
  });
});

describe.concurrent('on a terminal', () => {
  const watchOn = (
    url: string,
    { term = 'xterm-256color', columns = 60, flags = [] as readonly string[] } = {},
  ): Terminal => {
    const words = [`TERM=${term}`, process.execPath, file, 'ls', '-w', '--interval', '1s'];
    words.push(...flags);
    const terminal = openTerminal('env', words, {
      environment: { HOME: '/nonexistent', MUSTER_ENDPOINT: url, PATH: process.env['PATH'] ?? '' },
      columns,
      rows: 12,
    });
    open.push(terminal.close);
    return terminal;
  };

  test('the list is drawn in place, in color, also when the window changes, and stays after Ctrl-C', async () => {
    const endpoint = await anEndpoint();
    const terminal = watchOn(endpoint.url);
    await terminal.until('Ctrl-C ends it.');
    expect(terminal.written()).toContain('\u001B[31mFailed\u001B[39m');
    endpoint.change([aRow(), aRow({ name: 'server-c' })]);
    await terminal.until('Failed -> Connected');
    const [header, a, c, , change] = terminal.screen().split('\n');
    expect([header, a, c, change?.replace(clock, '14:05:40')]).toEqual([
      'NAME       STATE       TYPE',
      'server-a   Connected   streamable-http',
      'server-c   Connected   streamable-http',
      '14:05:40   server-c   Failed -> Connected',
    ]);
    terminal.resize(33);
    await terminal.until('server-a   Connected   streamabl…');
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
    const [, after = ''] = terminal.written().split('\u001B[?7h\u001B[?1049l');
    expect(after).toMatch(/^NAME {7}STATE {7}TYPE\r\nserver-a.*\r\nserver-c.*\r\n/);
  });

  test('ages go on while the endpoint says that nothing has changed', async () => {
    const since = new Date().toISOString();
    const endpoint = await anEndpoint([aRow({ since })], taggedAnswer);
    const terminal = watchOn(endpoint.url, { flags: ['-o', 'wide'], columns: 100 });
    await terminal.until(/server-a .* 2s /, terminal.screen);
    await terminal.until(/server-a .* 3s /, terminal.screen);
    const [first, ...others] = endpoint.statuses;
    expect([first, new Set(others)]).toEqual([200, new Set([304])]);
  });

  test('a terminal that cannot be drawn on gets lines', async () => {
    const endpoint = await anEndpoint();
    const terminal = watchOn(endpoint.url, { term: 'dumb' });
    await terminal.until('server-c   Failed');
    endpoint.change([]);
    await terminal.until('server-c   removed');
    expect(terminal.written()).not.toContain('\u001B');
  });
});
