import { createServer, type RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { List, Row } from '../../../functions/model/wire.ts';
import { listen } from '../../../local/listen.ts';
import { aRow } from '../rows.ts';
import { buildMuster, type Ended, removeMuster, runMuster } from '../run.ts';

let file: string;
beforeAll(async () => {
  file = await buildMuster();
});
afterAll(() => removeMuster(file));
const open: (() => Promise<void>)[] = [];
afterEach(async () => void (await Promise.all(open.splice(0).map((close) => close()))));

/** The list of an endpoint that answers so. */
async function listFrom(answer: RequestListener, line = 'list mcps'): Promise<Ended> {
  const { url, close } = await listen(createServer(answer));
  open.push(close);
  return runMuster(file, line, { endpoint: url });
}

/**
 * Pages of one row each; the cluster forgets the list `forgets` times when the second page is asked
 * for.
 */
function pages(
  rows: readonly Row[],
  { forgets = 0, problems = [] }: { forgets?: number; problems?: List['problems'] } = {},
): RequestListener {
  let forgotten = 0;
  return (request, response) => {
    const at = Number(new URL(`http://x${request.url ?? ''}`).searchParams.get('continue') ?? 0);
    if (at === 1 && forgotten < forgets) {
      forgotten += 1;
      response
        .writeHead(410, { 'content-type': 'application/problem+json' })
        .end('{"title":"The list has expired","hint":"List again."}');
      return;
    }
    const next = at + 1 < rows.length ? { continue: String(at + 1) } : {};
    response.end(
      JSON.stringify({
        items: rows.slice(at, at + 1),
        problems: at === 0 ? problems : [],
        ...next,
      }),
    );
  };
}

const three = ['server-c', 'server-a', 'server-b'].map((name) => aRow({ name }));

test('all pages are one list', async () => {
  expect(await listFrom(pages(three), 'list mcps -o name')).toEqual({
    code: 0,
    stdout: 'server-a\nserver-b\nserver-c\n',
    stderr: '',
  });
});

test('a list that expires half-way is started again, no row twice', async () => {
  expect((await listFrom(pages(three, { forgets: 2 }), 'list mcps -o name')).stdout).toBe(
    'server-a\nserver-b\nserver-c\n',
  );
});

test('a list that always expires is an error, not a part of a list', async () => {
  expect(await listFrom(pages(three, { forgets: 9 }))).toEqual({
    code: 1,
    stdout: '',
    stderr: 'Error: The list has expired.\nList again.\n',
  });
});

test('sweeps that stopped are one line on stderr, instead of one for each stale row', async () => {
  const sweptAt = new Date(Date.now() - 12 * 60_000).toISOString();
  const answer: RequestListener = (_request, response) =>
    void response.end(
      JSON.stringify({
        items: [aRow({ name: 'a', stale: true })],
        problems: [],
        sweptAt,
        sweepsStopped: true,
      }),
    );
  expect(await listFrom(answer, 'list mcps -o name')).toEqual({
    code: 0,
    stdout: 'a\n',
    stderr: 'Warning: No sweep for 12 minutes; STATE may be stale. Check the schedule.\n',
  });
});

test('stale rows are one line on stderr', async () => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((name) => aRow({ name, stale: name !== 'e' }));
  expect((await listFrom(pages(rows))).stderr).toBe(
    'Warning: STATE of a, b, c and 1 more may be stale: no update for two heartbeats. Check that the sweep runs.\n',
  );
});

test('MCPServers that cannot be read are named on stderr', async () => {
  const problems = [{ namespace: 'default', name: 'odd', message: 'spec.url is no text' }];
  const { code, stderr } = await listFrom(pages(three, { problems }));
  expect([code, stderr]).toEqual([
    0,
    'Warning: default/odd cannot be shown: spec.url is no text\n',
  ]);
});

test('what a manifest says cannot steer the terminal', async () => {
  const problems = [{ namespace: 'default', name: 'odd', message: 'red \u001b[31m and \u009b2J' }];
  const { stderr } = await listFrom(pages(three, { problems }));
  expect(stderr).toBe('Warning: default/odd cannot be shown: red [31m and 2J\n');
  const rows = [aRow({ description: 'red \u001b[31m and \u009b2J' })];
  const { stdout } = await listFrom(pages(rows), 'list mcps -o json');
  expect(stdout).toContain('"red \\u001b[31m and \\u009b2J"');
});

test('a row that is not what the wire says is an error, not a table with holes', async () => {
  const { code, stderr } = await listFrom((_, response) =>
    response.end('{"items":[{"name":"server-a"}],"problems":[]}'),
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Error: Unexpected response from .*\. Is it the muster endpoint\?$/m);
});

test('an answer that never ends is given up', async () => {
  const endless: RequestListener = (_, response) => {
    const timer = setInterval(() => response.write('x'.repeat(1024 * 1024)), 1);
    response.once('close', () => clearInterval(timer));
  };
  const { code, stderr } = await listFrom(endless);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Error: The response from .* is longer than 16 MB\.$/m);
});

test('an error page of a proxy is reported by its status', async () => {
  const { code, stderr } = await listFrom((_, response) =>
    response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Away</h1>'),
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^Error: http:\/\/127\.0\.0\.1:\d+ responded with HTTP 503\.\nTry again in a minute\.\n$/,
  );
});

test('under a Node that is too old there is one clear line', async () => {
  const preload = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.8'}})`;
  const ended = await runMuster(file, 'list mcps', {
    environment: { NODE_OPTIONS: `--import=${preload.replaceAll(' ', '%20')}` },
  });
  expect(ended).toEqual({
    code: 1,
    stdout: '',
    stderr: 'muster needs Node 20 or newer; this is Node 18.20.8.\n',
  });
});
