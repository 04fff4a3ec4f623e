/** A script brings its own token: it is sent, it can only read, and it is never stored. */
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { tokenFile, writeTokens } from '../../../cli/token-store/token-files.ts';
import { listen } from '../../../local/listen.ts';
import { aRow, aSession } from '../rows.ts';
import { type Ended, runMuster } from '../run.ts';
import { sandbox } from '../sandbox.ts';

const box = sandbox();

/** A token that says this about itself; nobody here verifies its signature. */
const tokenOf = (claims: object): string =>
  [{ alg: 'ES256' }, claims, 'signature']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
const good = () =>
  tokenOf({
    iss: 'https://login.example.com',
    aud: 'muster-cli',
    sub: 'robot-7',
    email: 'robot@example.com',
    exp: inSeconds(1_830),
  });

/** An endpoint that accepts one token. */
async function endpointFor(accepted: string) {
  const seen: string[] = [];
  const { url, close } = await listen(
    createServer((request, response) => {
      const bearer = request.headers.authorization?.replace('Bearer ', '');
      seen.push(
        `${request.method ?? ''} ${request.url ?? ''} ${bearer === accepted ? 'ok' : 'no'}`,
      );
      if (bearer === accepted) {
        const row = aRow({ session: aSession() });
        return response.end(
          JSON.stringify(
            request.url?.split('?')[0] === '/v1/mcpservers' ? { items: [row], problems: [] } : row,
          ),
        );
      }
      return response
        .writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
        .end(
          '{"title":"Invalid token","detail":"It is for another audience.","hint":"Run: muster auth login"}',
        );
    }),
  );
  box.endAfter(close);
  const muster = (line: string, token = accepted): Promise<Ended> =>
    runMuster(box.file, line, {
      alone: true,
      home: box.home,
      endpoint: url,
      environment: { MUSTER_TOKEN: token },
    });
  return { url, seen, muster };
}

/** Somebody is signed in on this machine, too. */
const signIn = (endpoint: string) =>
  writeTokens(
    {
      endpoint,
      issuer: 'https://login.example.com',
      clientId: 'muster-cli',
      idToken: 'the-stored-token',
      subject: 'ada',
      expiresAt: new Date(Date.now() + 3_600_000),
    },
    { HOME: box.home },
  );

const next =
  'Set MUSTER_TOKEN to a new token. Or unset MUSTER_TOKEN, then run: muster auth login\n';

test('it is sent instead of the sign-in on this machine, and is not stored', async () => {
  const { muster, seen } = await endpointFor(good());
  expect(await muster('list mcpserver --no-headers')).toEqual({
    code: 0,
    stdout: 'server-a   Connected   Authenticated   streamable-http\n',
    stderr: '',
  });
  expect(seen).toEqual(['GET /v1/mcpservers?conditions=none&limit=5000 ok']);
  expect(await readdir(box.home)).toEqual([]);
});

test('auth status and whoami say whose it is and where it comes from', async () => {
  const { url, muster } = await endpointFor(good());
  await signIn(url);
  expect(await muster('auth status')).toEqual({
    code: 0,
    stdout: `Muster
  Endpoint:  ${url} (MUSTER_ENDPOINT)
  Status:    Authenticated as robot@example.com
  Expires:   in 30 minutes
  Token:     from MUSTER_TOKEN, which can only read

MCP Servers
  server-a   Authenticated
`,
    stderr: '',
  });
  expect(JSON.parse((await muster('auth status -o json')).stdout)).toMatchObject({
    endpoint: url,
    endpointSource: 'MUSTER_ENDPOINT',
    authenticated: true,
    tokenSource: 'MUSTER_TOKEN',
    refreshable: false,
  });
  expect((await muster('auth whoami')).stdout).toBe('robot@example.com\n');
  expect(JSON.parse((await muster('auth whoami -o json')).stdout)).toEqual({
    endpoint: url,
    subject: 'robot-7',
    issuer: 'https://login.example.com',
    email: 'robot@example.com',
    expiresAt: expect.stringMatching(/^20.*Z$/),
    refreshable: false,
    tokenSource: 'MUSTER_TOKEN',
  });
  expect((await muster('auth whoami -o yaml')).stdout).toContain('subject: robot-7\n');
});

test('one that the endpoint refuses is named, with its reason, and no sign-in is asked for', async () => {
  const { url, muster } = await endpointFor(good());
  const other = tokenOf({ iss: 'https://x.example.com', sub: 'x', exp: inSeconds(600) });
  expect(await muster('list mcpserver', other)).toEqual({
    code: 2,
    stdout: '',
    stderr: `Error: ${url} refuses the token in MUSTER_TOKEN. Invalid token: It is for another audience.\n${next}`,
  });
  const status = await muster('auth status', other);
  expect([status.code, status.stdout]).toEqual([
    2,
    `Muster
  Endpoint:  ${url} (MUSTER_ENDPOINT)
  Status:    ${url} refuses the token in MUSTER_TOKEN
  Person:    x
  Expires:   in 9 minutes
  Token:     from MUSTER_TOKEN, which can only read
`,
  ]);
});

test('one that has expired says since when', async () => {
  const { muster } = await endpointFor(good());
  const old = tokenOf({ iss: 'https://login.example.com', sub: 'x', exp: inSeconds(-7_260) });
  for (const line of ['list mcpserver', 'auth whoami'])
    expect(await muster(line, old)).toEqual({
      code: 2,
      stdout: '',
      stderr: `Error: The token in MUSTER_TOKEN expired 2 hours ago.\n${next}`,
    });
  expect((await muster('auth status', old)).stdout).toContain(
    '  Status:    The token in MUSTER_TOKEN expired 2 hours ago\n',
  );
});

test.each(['opaque', 'a.b.c', tokenOf({ sub: 'x' }), `${good()} and more`])(
  'what is no ID token is not sent: %#',
  async (token) => {
    const { url, seen, muster } = await endpointFor(good());
    expect(await muster('list mcpserver', token)).toEqual({
      code: 2,
      stdout: '',
      stderr: `Error: MUSTER_TOKEN does not hold an ID token.\nSet it to a JWT that ${url} accepts. Or unset MUSTER_TOKEN, then run: muster auth login\n`,
    });
    expect(seen).toEqual([]);
  },
);

test('it can only read: a change says so', async () => {
  const { muster } = await endpointFor(good());
  expect(await muster('auth keys --remove abc')).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'Error: The token in MUSTER_TOKEN can only read: it has no key of this machine.\nUnset MUSTER_TOKEN, then run: muster auth login\n',
  });
});

test.each(['auth login', 'auth login --server server-a', 'auth login --all'])(
  '%s is an error while it is set: the sign-in would not be used',
  async (line) => {
    const { seen, muster } = await endpointFor(good());
    expect(await muster(line)).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'Error: MUSTER_TOKEN is set, and commands use it instead of a sign-in on this machine.\nUnset MUSTER_TOKEN, then run: muster auth login\n',
    });
    expect(seen).toEqual([]);
  },
);

test('auth logout ends the sign-in of this machine, and says that the token is still used', async () => {
  const { url, muster } = await endpointFor(good());
  await signIn(url);
  expect(await muster('auth logout')).toEqual({
    code: 0,
    stdout: '',
    stderr: `Signed out of ${url}.\nWarning: MUSTER_TOKEN is set. Commands still use its token.\n`,
  });
  expect(await readdir(tokenFile(url, { HOME: box.home }).replace(/\/[^/]+$/, ''))).toEqual([]);
});
