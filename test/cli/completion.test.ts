import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokenFile } from '../../cli/token-store/token-files.ts';
import { complete } from '../../cli/completion/complete.ts';
import { ada } from '../../local/issuer.ts';
import { startWorld, type World } from '../../local/world.ts';
import { browserOf } from '../world/browser.ts';
import { openTerminal, type Terminal } from './pseudo-terminal.ts';
import { buildMuster, removeMuster, runMuster } from './run.ts';

let file: string;
let world: World;
let home: string;
let environment: Record<string, string>;
beforeAll(async () => {
  [file, world, home] = await Promise.all([
    buildMuster(),
    startWorld(),
    mkdtemp(join(tmpdir(), 'muster-completion-')),
  ]);
  await world.sweep({ everything: true });
  // A person has `muster` in the PATH.
  const bin = join(home, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'muster'), `#!/bin/sh\nexec '${process.execPath}' '${file}' "$@"\n`);
  await chmod(join(bin, 'muster'), 0o755);
  environment = {
    HOME: home,
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    MUSTER_ENDPOINT: world.url,
    LC_ALL: 'C.UTF-8',
  };
  const signIn = `context add prod ${world.url}`;
  await runMuster(file, signIn, { home });
});
afterAll(() =>
  Promise.all([world.close(), removeMuster(file), rm(home, { recursive: true, force: true })]),
);

/** The candidates without what they are. */
const offered = async (line: string, more: Record<string, string> = {}): Promise<string[]> => {
  const words = line.split(' ');
  const text = await complete([...words.slice(0, -1), `.${words.at(-1) ?? ''}`], {
    ...environment,
    ...more,
  });
  return text.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
};

describe('at the end of', () => {
  test.each([
    ['l', ['list']],
    ['help ex', ['exit-codes']],
    ['list ', ['mcpserver']],
    ['auth log', ['login', 'logout']],
    ['completion ', ['bash', 'zsh', 'fish', 'powershell']],
    ['completion zsh ', []],
    ['list mcpserver --no-h', ['--no-headers']],
    ['list mcps --no-headers --no-h', []],
    ['list mcpserver -o ', ['table', 'wide', 'json', 'yaml', 'name']],
    ['list mcpserver --output=j', ['--output=json']],
    ['list --state ', ['Connected', 'Connecting', 'Failed', 'none']],
    ['list --state=Failed,Connec', ['--state=Failed,Connected', '--state=Failed,Connecting']],
    ['ls --columns name,state,na', ['name,state,namespace']],
    ['-- --o', []],
    ['bogus ', []],
    ['check ', ['server-a', 'server-b', 'server-c', 'server-d']],
    ['check -n default server-', ['server-a', 'server-b', 'server-c', 'server-d']],
    ['check -n nowhere ', []],
    ['auth login --server server-b', ['server-b']],
    ['auth login --server=server-b', ['--server=server-b']],
    ['list mcpserver -n ', ['default']],
    ['context use ', ['prod']],
    ['context add ', []],
    ['--context p', ['prod']],
  ])('muster %s', async (line, candidates) => {
    expect(await offered(line)).toEqual(candidates);
  });

  test('a line, a server is shown with its state', async () => {
    expect(await complete(['check', '.server-d'], environment)).toBe('server-d\tConnected\n');
  });
});

describe('a person who presses TAB', () => {
  test('sees nothing when the endpoint is down, and no error', async () => {
    const down = { MUSTER_ENDPOINT: 'http://127.0.0.1:1' };
    expect(await offered('check ', down)).toEqual([]);
    const run = { home, endpoint: 'http://127.0.0.1:1' };
    expect(await runMuster(file, '__complete check .', run)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('waits no longer than 300 ms for an endpoint that is slow', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const at = silent.address();
    const url = `http://127.0.0.1:${typeof at === 'object' ? String(at?.port) : ''}`;
    const startedAt = performance.now();
    expect(await offered('check ', { MUSTER_ENDPOINT: url })).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    // The process ends, too, though the request is still under way.
    const { code, stdout } = await runMuster(file, '__complete check .', { home, endpoint: url });
    expect([code, stdout]).toEqual([0, '']);
    silent.close();
  });

  test('sees the servers of a closed endpoint only while signed in, and loses no sign-in', async () => {
    const closed = await startWorld({ settings: { ANONYMOUS_LIST: 'off' } });
    try {
      const at = { MUSTER_ENDPOINT: closed.url };
      expect(await offered('check ', at)).toEqual([]);
      const onAddress = (address: string) => browserOf(ada).visit(address);
      const run = { home, endpoint: closed.url, onAddress };
      expect(await runMuster(file, 'auth login', run)).toMatchObject({ code: 0 });
      expect(await offered('check ', at)).toContain('server-a');
      // Expired, it would have to be refreshed, and a refresh that is cut off could lose it.
      const stored = tokenFile(closed.url, environment);
      const text = await readFile(stored, 'utf8');
      const expired = text.replace(/("expiresAt":\s*)"[^"]*"/, '$1"2020-01-01T00:00:00.000Z"');
      expect(expired).not.toBe(text);
      await writeFile(stored, expired);
      expect(await offered('check ', at)).toEqual([]);
      expect(await readFile(stored, 'utf8')).toBe(expired);
    } finally {
      await closed.close();
    }
  });
});

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** In whatever order. */
const allServers = /(?=[^]*server-a)(?=[^]*server-b)(?=[^]*server-c)[^]*server-d/;

/** How a person sets a shell up, and how it begins. */
const shells = [
  {
    shell: 'bash',
    args: ['--norc', '--noprofile', '-i'],
    setup: 'source <(muster completion bash)',
    // A second TAB lists.
    list: '\t\t',
  },
  {
    shell: 'zsh',
    args: ['-f', '-i'],
    setup: 'autoload -Uz compinit; compinit -u -D; source <(muster completion zsh)',
    list: '\t',
  },
  {
    shell: 'fish',
    args: ['--no-config', '-i'],
    setup: 'muster completion fish | source',
    list: '\t',
  },
] as const;

describe.each(shells)('in $shell', ({ shell, args, setup, list }) => {
  const open: Terminal[] = [];
  afterAll(() => Promise.all(open.map((one) => one.close())));

  // Shells that are not on this machine are reported as skipped.
  test.skipIf(!has(shell))('commands, flags, values and servers are completed', async () => {
    const terminal = openTerminal(shell, args, {
      environment: { ...environment, PS1: 'ready> ', PROMPT: 'ready> ' },
      columns: 100,
    });
    open.push(terminal);
    terminal.type(`${setup}; echo set-up-is-"done"\r`);
    await terminal.until('set-up-is-done');
    const typed = async (text: string, expected: string | RegExp) => {
      terminal.type(text);
      await terminal.until(expected);
      // Ctrl-U: the line is empty again.
      terminal.type('\u0015');
    };
    await typed('muster conte\tu\tpr\t', 'muster context use prod');
    await typed('muster list mcpserver --no-h\t', 'mcpserver --no-headers');
    await typed('muster list mcpserver --output=js\t', '--output=json');
    await typed('muster auth login --server=ser\t', '--server=server-');
    await typed(`muster check server-${list}`, allServers);
    expect(terminal.screen()).not.toMatch(/error|not found/i);
  });
});

test.skipIf(!has('pwsh'))('in PowerShell, the script is one that it takes', async () => {
  const { stdout } = await promisify(execFile)(
    'pwsh',
    [
      '-NoProfile',
      '-Command',
      'muster completion powershell | Out-String | Invoke-Expression; (TabExpansion2 "muster check server-d" 21).CompletionMatches.CompletionText',
    ],
    { env: environment },
  );
  expect(stdout.trim()).toBe('server-d');
});
