/** The command in a real terminal: what a person sees while they wait, and when they stop waiting. */
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../local/listen.ts';
import { ctrlC, openTerminal, type Terminal, type TerminalOptions } from './pseudo-terminal.ts';
import { aRow } from './rows.ts';
import { runMuster } from './run.ts';
import { sandbox } from './sandbox.ts';

const box = sandbox();

/** An endpoint that answers each request when the test says so. */
let endpoint: string;
let close: () => Promise<void>;
let waiting: ServerResponse[] = [];
const answerAll = () => {
  for (const response of waiting.splice(0))
    response.end(JSON.stringify({ status: 'ok', version: '9.1.0' }));
};
beforeAll(async () => {
  ({ url: endpoint, close } = await listen(
    createServer((_request, response) => void waiting.push(response)),
  ));
});
afterAll(() => close());

function muster(line: string, options: Partial<TerminalOptions> = {}): Terminal {
  const terminal = openTerminal(process.execPath, [box.file, ...line.split(' ')], {
    ...options,
    environment: { HOME: box.home, MUSTER_ENDPOINT: endpoint, ...options.environment },
  });
  box.endAfter(async () => {
    waiting = [];
    await terminal.close();
  });
  return terminal;
}

const host = () => new URL(endpoint).host;

describe('an endpoint that takes long', () => {
  test('is named in one line, which is gone when it answers', async () => {
    const terminal = muster('version');
    await terminal.until(`Asking ${endpoint}...`);
    answerAll();
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toMatch(
      /^Client: .*\nEndpoint: {2}9\.1\.0 .*\nThe endpoint is newer .*\n$/,
    );
  });

  test('is named by any command, also by one that names no wait of its own', async () => {
    const terminal = muster('get mcpserver server-a -n default');
    await terminal.until(`Waiting for ${host()}...`);
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
  });

  test('takes one line also in a narrow terminal', async () => {
    const terminal = muster('version --timeout 30s', { columns: 20 });
    await terminal.until(/^Asking http:\/\/127\.0$/m);
    answerAll();
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).not.toContain('Asking');
  });

  test('is not named where a line cannot be erased, with -q, or in CI', async () => {
    const runs = [
      muster('version', { environment: { TERM: 'dumb' } }),
      muster('version', { environment: { CI: 'true' } }),
      muster('version -q'),
    ];
    // As long as it takes until another terminal shows the line.
    const control = muster('version');
    await Promise.all(runs.map((one) => one.until('Client:')));
    await control.until('... 1 s');
    answerAll();
    await Promise.all([...runs, control].map(({ ended }) => ended));
    for (const one of runs) expect(one.written()).not.toContain('Asking');
  });
});

describe('Ctrl-C', () => {
  test('while a command waits: 130, and the line is gone', async () => {
    const terminal = muster('version');
    await terminal.until('Asking');
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
    // The terminal itself shows what was typed.
    expect(terminal.screen().replace('^C', '')).toMatch(/^Client: .*\n?$/);
  });

  test('before the line is there: 130, too', async () => {
    const terminal = muster('version');
    await terminal.until('Client:');
    terminal.type(ctrlC);
    expect(await terminal.ended).toBe(130);
  });
});

describe('a list', () => {
  const rows = [
    aRow({ url: `https://${'long-'.repeat(20)}.example.com/mcp` }),
    aRow({ name: 'server-c', state: 'Failed', reason: 'Timeout' }),
  ];
  let listed: { readonly url: string; readonly close: () => Promise<void> };
  beforeAll(async () => {
    listed = await listen(
      createServer((_request, response) =>
        response.end(JSON.stringify({ items: rows, problems: [] })),
      ),
    );
  });
  afterAll(() => listed.close());

  const list = (environment: Record<string, string>, columns: number) =>
    muster('list --columns name,state,url', {
      columns,
      environment: { MUSTER_ENDPOINT: listed.url, ...environment },
    });

  test.each([40, 80, 200])('fits a terminal of %d columns, in color', async (columns) => {
    const terminal = list({}, columns);
    expect(await terminal.ended).toBe(0);
    const lines = terminal.screen().trimEnd().split('\n');
    expect(lines.map((line) => line.length).filter((length) => length > columns)).toEqual([]);
    expect(lines).toHaveLength(3);
    expect(terminal.written()).toContain('\u001B[31mFailed\u001B[39m');
    expect(terminal.written()).toContain('\u001B[32mConnected\u001B[39m');
  });

  test('has no colors with NO_COLOR or in TERM=dumb', async () => {
    for (const one of [list({ NO_COLOR: '1' }, 200), list({ TERM: 'dumb' }, 200)]) {
      expect(await one.ended).toBe(0);
      expect(one.written()).not.toContain('\u001B');
      expect(one.written()).toContain('server-c   Failed');
    }
  });

  test('is never cut in a pipe', async () => {
    const { stdout } = await runMuster(box.file, 'list --columns name,state,url', {
      endpoint: listed.url,
    });
    expect(stdout).toContain(rows[0]?.url);
  });
});

describe('what is printed', () => {
  test('steers no terminal, and has no color where nothing is good or bad', async () => {
    const terminal = muster('help');
    expect(await terminal.ended).toBe(0);
    expect(terminal.written()).not.toMatch(/(?![\r\n])\p{Cc}/u);
  });

  test('with -q is data and errors', async () => {
    const quiet = runMuster(box.file, 'version -q', { endpoint });
    const spoken = runMuster(box.file, 'version', { endpoint });
    while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    answerAll();
    expect((await spoken).stderr).toContain('is newer');
    expect(await quiet).toMatchObject({ code: 0, stderr: '' });
    expect(await runMuster(box.file, 'version -q')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: No endpoint is set\./),
    });
  });

  test('to a pipe that is closed early is no error', async () => {
    const { execFile } = await import('node:child_process');
    const [out, error] = await new Promise<[string, string]>((resolve) => {
      const line = `'${process.execPath}' '${box.file}' completion bash | true; '${process.execPath}' '${box.file}' help 2>&1 >&- | cat; echo end`;
      execFile('sh', ['-c', line], { env: { HOME: box.home } }, (_failed, stdout, stderr) =>
        resolve([stdout, stderr]),
      );
    });
    expect([out, error]).toEqual(['end\n', '']);
  });
});

test('--timeout and MUSTER_TIMEOUT limit each request', async () => {
  const [flag, variable, wrong] = await Promise.all([
    runMuster(box.file, 'version --timeout 150ms', { endpoint }),
    runMuster(box.file, 'version', { endpoint, environment: { MUSTER_TIMEOUT: '150ms' } }),
    runMuster(box.file, 'version', { endpoint, environment: { MUSTER_TIMEOUT: 'soon' } }),
  ]);
  for (const { code, stderr } of [flag, variable]) {
    expect(code).toBe(1);
    expect(stderr).toContain('no response within 0.15 s');
  }
  expect(wrong.stderr).toBe(
    'Error: MUSTER_TIMEOUT: "soon" is not a time, such as 30s, 2m or 1h30m.\n',
  );
});
