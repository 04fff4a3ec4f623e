import { createServer, type RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { List, Row } from '../../../../functions/model/wire/server-wire.ts';
import { listen } from '../../../../local/listen.ts';
import { aRow } from '../../rows.ts';
import { buildMuster, type Ended, removeMuster, runMuster } from '../../run.ts';

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

test('MCPServers that cannot be read are named on stderr, and are beside the items of JSON', async () => {
  const problems = [{ namespace: 'default', name: 'odd', message: 'spec.url is no text' }];
  const { stdout } = await listFrom(pages(three, { problems }), 'list -o json');
  expect(JSON.parse(stdout)).toMatchObject({ items: [{}, {}, {}], problems });
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

describe('what is asked for', () => {
  const fleet = [
    aRow({ name: 'server-a' }),
    aRow({ name: 'server-b', state: 'Failed', reason: 'Timeout' }),
    aRow({ name: 'server-c', state: 'Connecting', reason: 'Timeout', type: 'sse' }),
  ];
  const all: RequestListener = (_request, response) =>
    void response.end(JSON.stringify({ items: fleet, problems: [] }));

  test.each([
    ['list', 'server-a\nserver-b\nserver-c\n'],
    ['ls', 'server-a\nserver-b\nserver-c\n'],
    ['list servers', 'server-a\nserver-b\nserver-c\n'],
    ['list mcp', 'server-a\nserver-b\nserver-c\n'],
    ['ls --state failed', 'server-b\n'],
    ['ls --needs repair', 'server-b\nserver-c\n'],
    ['ls --needs repair --type sse', 'server-c\n'],
    ['ls --sort-by state', 'server-b\nserver-c\nserver-a\n'],
  ])('muster %s', async (line, stdout) => {
    expect(await listFrom(all, `${line} -o name`)).toEqual({ code: 0, stdout, stderr: '' });
  });

  test('a limit is told with what it left out', async () => {
    expect(await listFrom(all, 'ls -o name --limit 2')).toEqual({
      code: 0,
      stdout: 'server-a\nserver-b\n',
      stderr: '2 of 3 MCPServers (--limit 2)\n',
    });
  });

  test('a filter that leaves nothing says so, exits with 0, and JSON has no items', async () => {
    const none = 'No MCPServers found with --type stdio (of 3 MCPServers)\n';
    expect(await listFrom(all, 'ls --type stdio')).toEqual({ code: 0, stdout: '', stderr: none });
    const { stdout, stderr } = await listFrom(all, 'ls --type stdio -o json');
    expect([JSON.parse(stdout), stderr]).toEqual([{ items: [], problems: [] }, none]);
  });

  test('sessions are of a person: signed out that is exit 2, not an empty list', async () => {
    const { code, stdout, stderr } = await listFrom(all, 'ls --needs sign-in');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Error: You are not signed in to http.*\.\nRun: muster auth login\n$/);
  });

  test('any columns in any order, with wide characters in line', async () => {
    const described: RequestListener = (_request, response) =>
      void response.end(
        JSON.stringify({
          items: [
            aRow({ description: '東京の検索' }),
            aRow({ name: 'server-b', description: 'Search' }),
          ],
          problems: [],
        }),
      );
    expect((await listFrom(described, 'ls --columns description,name')).stdout).toBe(
      `DESCRIPTION   NAME
東京の検索    server-a
Search        server-b
`,
    );
  });

  test('labels and a namespace go to the endpoint, with room for one long answer', async () => {
    let asked = '';
    const answer: RequestListener = (request, response) => {
      asked = request.url ?? '';
      response.end('{"items":[],"problems":[]}');
    };
    const { stderr } = await listFrom(answer, 'ls -l team=search -n team-a');
    expect(asked).toBe(
      '/v1/mcpservers?namespace=team-a&labelSelector=team%3Dsearch&conditions=none&limit=5000',
    );
    expect(stderr).toBe('No MCPServers found with -l team=search in team-a\n');
  });

  describe('of an endpoint that is older', () => {
    /** It refuses more than 500 rows, and ignores what it does not know. */
    const older: RequestListener = (request, response) => {
      if (request.url?.includes('limit=5000') === true)
        response
          .writeHead(400, { 'content-type': 'application/problem+json' })
          .end('{"title":"Invalid query","detail":"limit: Invalid input"}');
      else all(request, response);
    };

    test('the list comes in its usual pages', async () => {
      expect(await listFrom(older, 'ls -o name')).toEqual({
        code: 0,
        stdout: 'server-a\nserver-b\nserver-c\n',
        stderr: '',
      });
    });

    test('labels are an error, because it would list everything', async () => {
      const { code, stdout, stderr } = await listFrom(older, 'ls -l team=search');
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /^Error: http.* cannot select by labels: it is older than this muster/,
      );
    });
  });
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

describe('reasons that have a next step lead to their pages', () => {
  const refused = aRow({ name: 'server-c', state: 'Failed', reason: 'ConnectionRefused' });
  const listed = (line: string, page: string) =>
    listFrom((_, response) => {
      const reasonPages = { ConnectionRefused: page, Timeout: 'https://docs.example.com/t/' };
      response.end(JSON.stringify({ items: [refused], problems: [], reasonPages }));
    }, line);
  const page = 'https://docs.example.com/reasons/connection-refused/';
  test('below a wide table, once for each reason in it', async () => {
    const { stdout, stderr } = await listed('list mcps -o wide', page);
    expect(stdout).not.toContain(page);
    expect(stderr).toBe(`ConnectionRefused: ${page}\n`);
  });
  test('and not below other outputs', async () => {
    expect((await listed('list mcps', page)).stderr).toBe('');
  });
  test.each(['javascript:alert(1)', 'http://docs.example.com/', 'https://a:b@docs.example.com/'])(
    'but never to %s',
    async (address) => expect((await listed('list mcps -o wide', address)).stderr).toBe(''),
  );
});
