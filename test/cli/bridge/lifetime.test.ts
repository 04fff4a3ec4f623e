/** The process that a client starts: its pipes, and how it ends. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ctrlC, openTerminal } from '../pseudo-terminal.ts';
import { buildMuster, removeMuster } from '../run.ts';
import { obliging, type OddServer, result, sendJson, startOddServer } from './odd-server.ts';
import { type ChildClient, initialize, request, startChildClient } from './raw-client.ts';
import { open, type ReleaseDesk, startReleaseDesk } from './release-desk.ts';

let file: string;
let desk: ReleaseDesk;
let server: OddServer;
let client: ChildClient;
beforeAll(async () => {
  [file, desk] = await Promise.all([buildMuster(), startReleaseDesk()]);
});
afterAll(() => Promise.all([removeMuster(file), desk.close()]));
beforeEach(async () => {
  server = await startOddServer((asked, response) => {
    if (asked.json['method'] === 'initialize') response.setHeader('mcp-session-id', 'a-session');
    obliging(asked, response);
  });
  desk.answer = () => open(server.url);
  client = startChildClient(file, desk);
  client.send(initialize());
  await client.answerTo('init');
  return async () => {
    await client.end();
    await server.close();
  };
});

const methods = (): readonly string[] => server.asked.map(({ method }) => method);

test.each<[string, NodeJS.Signals?]>([
  ['the end of stdin'],
  ['Ctrl-C', 'SIGINT'],
  ['SIGTERM', 'SIGTERM'],
])('ends with exit code 0 at %s, and DELETEs the session', async (_what, signal) => {
  const { code, ms } = await client.end(signal);
  expect(code).toBe(0);
  // About 20 ms where nothing else runs.
  expect(ms).toBeLessThan(1_000);
  expect(methods().at(-1)).toBe('DELETE');
  expect(client.stderr()).toBe('');
});

test('ends also while a call is under way and the server hangs', async () => {
  server.respond = () => {};
  client.send(request(1, 'tools/call'));
  await vi.waitFor(() => expect(methods()).toHaveLength(2));
  const { code, ms } = await client.end('SIGINT');
  expect(code).toBe(0);
  expect(ms).toBeLessThan(2_000);
});

test('answers what was piped in before it ends', async () => {
  client.send(request(1, 'tools/list'));
  client.send(request(2, 'tools/list'));
  expect(await client.end()).toMatchObject({ code: 0 });
  expect(new Set(client.messages.map(({ id }) => id))).toEqual(new Set(['init', 1, 2]));
});

test('--debug shows each request, to the endpoint and to the server, without a query', async () => {
  desk.answer = () => open(`${server.url}?key=secret`);
  const debugged = startChildClient(file, { ...desk, flags: ['--debug'] });
  debugged.send(request(1, 'tools/list'));
  await debugged.answerTo(1);
  await debugged.end();
  const { pathname, origin } = new URL(server.url);
  expect(debugged.stderr()).toMatch(
    new RegExp(
      `^debug: POST ${desk.endpoint}/v1/.*/token -> 200 in \\d+ ms\ndebug: POST ${origin}${pathname} -> 200 in \\d+ ms\n$`,
    ),
  );
});

test('carries answers of 12 MB and requests of 8 MB', async () => {
  const text = 'x'.repeat(12 * 1024 * 1024);
  server.respond = (asked, response) => sendJson(response, result(asked, { text }));
  const large = request(1, 'tools/call', { text: 'y'.repeat(8 * 1024 * 1024) });
  client.send(large);
  const answer = await client.answerTo(1);
  expect(JSON.stringify(answer['result']).length).toBe(text.length + '{"text":""}'.length);
  expect(server.asked.at(-1)?.text).toBe(JSON.stringify(large));
});

test('ends when nothing reads what it writes', async () => {
  client.child.stdout?.destroy();
  client.send(request(1, 'ping'));
  await vi.waitFor(() => expect(client.child.exitCode).toBe(0), 5_000);
});

test('on a terminal, says what it waits for, and Ctrl-C ends the session there also', async () => {
  let release = () => {};
  const isShown = new Promise<void>((resolve) => (release = resolve));
  desk.answer = () => isShown.then(() => open(server.url));
  const args = [file, 'connect', 'default/server-a', '--endpoint', desk.endpoint];
  const terminal = openTerminal(process.execPath, args, {
    environment: { HOME: desk.home, PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color' },
    columns: 200,
  });
  await terminal.until('Waiting for MCP messages on stdin');
  server.asked.length = 0;
  terminal.type(`${JSON.stringify(initialize('typed'))}\r`);
  // The line of a request that takes long. It takes over Ctrl-C.
  await terminal.until(/\.\.\.( \d+ s)?$/m);
  release();
  await terminal.until('"id":"typed","result"');
  terminal.type(ctrlC);
  expect(await terminal.ended).toBe(0);
  expect(methods().at(-1)).toBe('DELETE');
});
