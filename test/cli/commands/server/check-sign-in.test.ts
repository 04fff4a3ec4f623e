/** `muster check NAME --sign-in`, and its verdict when `muster auth login --server` fails. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInText } from '../../../../cli/output/sign-in-text.ts';
import {
  type Check,
  checkSchema,
  type SignInLink,
} from '../../../../functions/model/wire/check-wire.ts';
import { ada } from '../../../../local/issuer.ts';
import { listen } from '../../../../local/listen.ts';
import { startWorld, type World } from '../../../../local/world.ts';
import { browserOf } from '../../../world/browser.ts';
import { aRow } from '../../rows.ts';
import { type Ended, type Run, runMuster } from '../../run.ts';
import { sandbox } from '../../sandbox.ts';
import { saveTokens } from '../../saved-tokens.ts';

const box = sandbox();
let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
});
afterAll(() => world.close());

const muster = (line: string, run: Run = {}): Promise<Ended> =>
  runMuster(box.file, line, { endpoint: world.url, home: box.home, ...run });
const signIn = (line: string): Promise<Ended> =>
  muster(line, { onAddress: (address) => browserOf(ada).visit(address) });

test('signed out of muster: exit 2 and the command to run', async () => {
  expect(await muster('check server-a --sign-in')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Run: muster auth login'),
  });
});

test('every link of a server that wants a sign-in, in text, JSON and YAML', async () => {
  await signIn('auth login');
  const { code, stdout, stderr } = await muster('check server-a --sign-in');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^default\/server-a: a sign-in is possible, or none is needed\.\n\n/);
  expect(stdout).toMatch(/^ {2}ok {7}challenge {15}The server answered HTTP 401/m);
  expect(stdout).toMatch(/^ +URL: http:\/\/127\.0\.0\.1:\d+\/auth\?response_type=code&\S+$/m);
  expect(stdout).toMatch(/^ {2}ok {7}session {17}You are not signed in to default\/server-a\.$/m);

  const json = await muster('check default/server-a --sign-in -o json');
  expect(json.code).toBe(0);
  const { signIn: chain } = checkSchema.parse(JSON.parse(json.stdout));
  expect(chain?.links.map(({ finding }) => finding)).toContain('client-registrable');
  expect((await muster('check server-a --sign-in -o yaml')).stdout).toMatch(
    /^signIn:\n {2}possible: true$/m,
  );
});

test('after a sign-in: the token, its scopes, its expiry and one verified request', async () => {
  await signIn('auth login');
  await signIn('auth login --server server-b');
  const { code, stdout } = await muster('check server-b --sign-in');
  expect(code).toBe(0);
  for (const line of [
    / Expires: 20\d\d-/,
    / Scopes: \S/,
    / Refreshable: yes/,
    /accepted a request with your token/,
  ])
    expect(stdout).toMatch(line);
});

test('exit 4 for a server that cannot be asked, exit 0 for one that needs no sign-in', async () => {
  await signIn('auth login');
  const down = await muster('check server-c --sign-in');
  expect(down.code).toBe(4);
  expect(down.stdout).toMatch(
    /^default\/server-c: a sign-in is not possible\. It fails at the link "challenge", which the owner of the MCP server can fix\./,
  );
  expect(down.stdout).toContain('Page: /sign-in/server-unavailable/');
  const open = await muster('check server-d --sign-in');
  expect([open.code, open.stdout]).toEqual([0, expect.stringContaining('requires no sign-in')]);
});

test('--explain and --sign-in are two checks', async () => {
  expect(await muster('check server-a --sign-in --explain')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'Error: --explain cannot be combined with --sign-in.\nRun: muster check server-a --sign-in\n',
  });
});

const aCheck: Check = {
  namespace: 'default',
  name: 'a',
  observed: 'HTTP 401',
  stages: [],
  reason: 'AuthenticationRequired',
  message: '',
  authRequired: 'True',
  speaksMcp: 'True',
  consecutiveFailures: 0,
};

const broken: SignInLink = {
  link: 'client',
  finding: 'client-missing',
  status: 'broken',
  message: 'The issuer does not let clients register themselves.',
  fixedBy: 'muster',
  fix: 'Register a client.',
  page: '/sign-in/client-missing/',
};

/** Signs in at an endpoint that refuses to start, and whose check finds these links. */
async function failingLogin(links: readonly SignInLink[] | undefined) {
  const asked: unknown[] = [];
  const row = aRow({ name: 'a' });
  const { url: endpoint, close } = await listen(
    createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        const answer = (status: number, value: object) =>
          response
            .writeHead(status, { 'content-type': 'application/json' })
            .end(JSON.stringify(value));
        if (request.url?.endsWith('/check') !== true)
          return request.url?.endsWith('/session') === true
            ? answer(502, { title: 'The sign-in could not be started', detail: 'It broke.' })
            : answer(200, row);
        asked.push(JSON.parse(body));
        if (links === undefined) return answer(503, { title: 'Down' });
        return answer(200, {
          ...aCheck,
          signIn: { possible: false, links },
        });
      });
    }),
  );
  box.endAfter(close);
  await saveTokens(endpoint, box.home);
  const ended = await runMuster(box.file, 'auth login --server default/a', {
    endpoint,
    home: box.home,
  });
  return { ...ended, asked };
}

test('a sign-in that fails ends with the first broken link, and whose turn it is', async () => {
  const { code, stderr, asked } = await failingLogin([{ ...broken, status: 'odd' }, broken]);
  expect(asked).toEqual([{ signIn: true }]);
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^Check of the sign-in: It fails at the link "client", which the owner of muster can fix\. Register a client\.\nFor all links, run: muster check default\/a --sign-in\nError: The sign-in could not be started: It broke\.\n/m,
  );
});

test('where nothing is broken, or nothing can be checked, the failure stays what it is', async () => {
  const good = await failingLogin([{ ...broken, status: 'ok' }]);
  expect(good.stderr).toContain('Check of the sign-in: every link up to the browser is good.\n');
  const down = await failingLogin(undefined);
  expect(down.code).toBe(3);
  expect(down.stderr).toMatch(/^Error: The sign-in could not be started: It broke\.$/m);
  expect(down.stderr).not.toContain('Check of the sign-in');
});

test('no text of the endpoint can forge a line or steer the terminal', () => {
  const evil = 'x\n  ok       session\u001b[31m\u202e';
  const text = signInText({
    ...aCheck,
    signIn: {
      possible: false,
      links: [
        { ...broken, message: evil, fix: evil, page: evil, details: [{ name: evil, value: evil }] },
      ],
    },
  });
  expect(text.split('\n')).toHaveLength(7);
  expect(text).not.toMatch(/[\p{Cf}]|(?!\n)\p{Cc}/u);
});
