/** get, describe, check, wait and events, as a person types them, in the local world. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSchema } from '../../../../functions/model/wire/check-wire.ts';
import {
  changesSchema,
  explainedRowSchema,
  type Row,
} from '../../../../functions/model/wire/server-wire.ts';
import { ada } from '../../../../local/issuer.ts';
import { startWorld, type World } from '../../../../local/world.ts';
import { browserOf } from '../../../world/browser.ts';
import { buildMuster, type Ended, removeMuster, type Run, runMuster } from '../../run.ts';

let file: string;
let world: World;
/** Ada's: signed in to muster, and to server-b. */
let home: string;
beforeAll(async () => {
  [file, world, home] = await Promise.all([
    buildMuster(),
    startWorld({ settings: { SITE_URL: 'https://docs.example.com' } }),
    mkdtemp(join(tmpdir(), 'muster-one-')),
  ]);
  for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
  for (const line of ['auth login', 'auth login --server server-b'])
    await muster(line, { onAddress: (address) => browserOf(ada).visit(address) });
});
afterAll(() => Promise.all([world.close(), removeMuster(file), rm(home, { recursive: true })]));

const muster = (line: string, run: Run = {}): Promise<Ended> =>
  runMuster(file, line, { endpoint: world.url, home, ...run });
const mustersInOrder = async (...lines: readonly string[]): Promise<readonly Ended[]> =>
  Promise.all(lines.map((line) => muster(line)));

describe('get', () => {
  test('takes several names, and lists all without one', async () => {
    const [two, none, listed] = await mustersInOrder(
      'get mcpserver server-b default/server-a server-b',
      'get mcpserver',
      'list mcpserver',
    );
    expect(two).toEqual({
      code: 0,
      stdout: `NAME       STATE       SESSION         TYPE
server-a   Connected   Pending Auth    streamable-http
server-b   Connected   Authenticated   streamable-http
`,
      stderr: '',
    });
    expect(none).toEqual(listed);
  });

  test('a name that is not there does not hide the others, and near names are named', async () => {
    const [mixed, full, several] = await mustersInOrder(
      'get mcpserver server-c server-x9 -o json',
      'get mcpserver default/servr-a',
      'get mcpserver nope nothing',
    );
    expect(JSON.parse(mixed?.stdout ?? '').items).toEqual([
      expect.objectContaining({ name: 'server-c' }),
    ]);
    expect(mixed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^Error: There is no MCPServer server-x9\.\nDid you mean server-a, server-b or server-c\? /,
      ),
    });
    expect(full?.stderr).toBe(
      'Error: There is no MCPServer default/servr-a.\nDid you mean default/server-a, default/server-b or default/server-c? To list all names, run: muster list mcpserver\n',
    );
    expect(several?.stderr).toBe(
      'Error: There is no MCPServer nope. There is no MCPServer nothing.\nRun: muster list mcpserver\n',
    );
  });
});

describe('everything about one server', () => {
  test('a server that is down: why, what it means, what to do, and the page', async () => {
    const [{ code, stdout, stderr } = { code: 9, stdout: '', stderr: '' }] =
      await mustersInOrder('describe server-c');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^State: {5}Failed for less than a minute$/m);
    expect(stdout).toMatch(/^Means: {5}The machine is up, and nothing listens on this port\.$/m);
    expect(stdout).toMatch(/^Next: {6}Start the server, or fix the port in spec\.url\.$/m);
    expect(stdout).toMatch(
      /^More: {6}https:\/\/docs\.example\.com\/reasons\/connection-refused\/$/m,
    );
  });

  test('several servers, as text and as JSON that has what get has', async () => {
    const [text, json, yaml, got] = await mustersInOrder(
      'describe mcpserver server-b server-a',
      'describe server-b -o json',
      'describe server-a server-b -o yaml',
      'get mcpserver default/server-b -o json',
    );
    expect(text?.stdout).toMatch(
      /^Server: {4}default\/server-a\n[^]*\nNext: {6}muster auth login --server server-a\nMore: .*\n\nServer: {4}default\/server-b\n[^]*\nSession: {3}Authenticated\nIssuer: /,
    );
    const described: unknown = JSON.parse(json?.stdout ?? '');
    expect(explainedRowSchema.parse(described).explained?.page).toMatch(/authentication-required/);
    expect(described).toMatchObject(JSON.parse(got?.stdout ?? ''));
    expect(yaml?.stdout).toMatch(/^items:\n {2}- namespace: default\n {4}name: server-a\n/);
  });

  test('signed out, on an endpoint that is open', async () => {
    const { code, stdout } = await muster('describe server-a', { home: '/nonexistent' });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Session: {3}unknown: you are not signed in to muster$/m);
    expect(stdout).toMatch(/^Next: {6}muster auth login$/m);
    expect(stdout).not.toMatch(/^URL:/m);
  });
});

describe('check', () => {
  test('several servers: 0 when all are Connected, 4 when one is not, 1 when one is not there', async () => {
    const [good, bad, missing] = await mustersInOrder(
      'check server-a server-d',
      'check server-a server-c -o json',
      'check server-a nope',
    );
    expect(good?.code).toBe(0);
    expect(good?.stdout).toMatch(
      /^server-a: Connected \(AuthenticationRequired\): .*\nserver-d: Connected \(Responded\): .*\n$/,
    );
    expect(bad?.code).toBe(4);
    const { items, problems } = JSON.parse(bad?.stdout ?? '');
    expect(items.map((item: unknown) => checkSchema.parse(item).state)).toEqual([
      'Connected',
      'Failed',
    ]);
    expect(problems).toEqual([]);
    expect(missing).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^server-a: Connected/),
      stderr: expect.stringMatching(/^Error: There is no MCPServer nope\.\n/),
    });
  });

  test('--explain shows the challenge of a server that requires a sign-in', async () => {
    const { stdout } = await muster('check server-a --explain');
    expect(stdout).toMatch(/^Challenge: WWW-Authenticate: Bearer$/m);
  });

  test('--verify asks the server: 0 when it accepts the sign-in, 4 when it does not', async () => {
    const [accepted, pending, open, down] = await mustersInOrder(
      'check server-b --verify',
      'check server-a --verify',
      'check server-d --verify -o json',
      'check server-c --verify',
    );
    expect(accepted).toEqual({
      code: 0,
      stdout: 'server-b: Authenticated: the server accepted a request with your token\n',
      stderr: '',
    });
    expect(pending).toEqual({
      code: 4,
      stdout:
        'server-a: Pending Auth: you are not signed in to the server\nNext:      muster auth login --server server-a\n',
      stderr: '',
    });
    expect(open?.code).toBe(0);
    expect(JSON.parse(open?.stdout ?? '')).toMatchObject({ session: { status: '-' } });
    expect(down).toMatchObject({ code: 4, stdout: 'server-c: the server cannot be reached\n' });
  });

  test.each([
    ['check', 'Missing argument NAME.'],
    ['check server-a --all', '--all cannot be combined with names.'],
    ['check server-a --explain --verify', '--explain cannot be combined with --verify.'],
    ['check server-a --sign-in --verify', '--sign-in cannot be combined with --verify.'],
  ])('muster %s: %s', async (line, message) => {
    const { code, stdout, stderr } = await muster(line);
    expect([code, stdout, stderr.split('\n')[0]]).toEqual([1, '', `Error: ${message}`]);
  });
});

test('the last changes of a server: in events, in describe, and in its JSON', async () => {
  const [events, all, described, json] = await mustersInOrder(
    'events server-c --no-headers',
    'events -o json',
    'describe server-c',
    'describe server-c -o json',
  );
  expect(events?.code).toBe(0);
  expect(events?.stdout.replace(/^\S+ \S+ +/gm, '')).toBe(
    `server-c   Connecting   Failed       ConnectionRefused   Connection refused.
server-c   -            Connecting   ConnectionRefused   Connection refused.
`,
  );
  expect(described?.stdout).toMatch(
    /^Changes: {3}[\d:]{8} {3}Connecting -> Failed +ConnectionRefused\n {11}[\d:]{8} {3}- -> Connecting +Conn/m,
  );
  const { changes } = JSON.parse(json?.stdout ?? '');
  expect(changesSchema.parse({ items: changes }).items).toHaveLength(2);
  const names = new Set(JSON.parse(all?.stdout ?? '').items.map(({ name }: Row) => name));
  expect(names).toEqual(new Set(['server-a', 'server-b', 'server-c', 'server-d']));
});

test.each(['check', 'describe', 'get mcpserver', 'wait', 'events'])(
  'muster %s refuses what is no name before anything is sent',
  async (command) => {
    // Nothing listens there: a request would be another error.
    const ended = await muster(`${command} ../x`, { endpoint: 'http://127.0.0.1:9' });
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Error: "../x" is not a name.\nUse a name such as server-a or default/server-a.\n',
    });
  },
);

describe('wait', () => {
  test('what is met at once: 0, and what it is', async () => {
    const ended = await mustersInOrder(
      'wait server-a',
      'wait server-b --for=session=Authenticated',
      'wait server-a server-b --for=state=Connected',
      'wait nope --for=deleted',
    );
    expect(ended.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual([
      [0, 'default/server-a  Connected  after 0s\n', ''],
      [0, 'default/server-b  Authenticated  after 0s\n', ''],
      [0, 'default/server-a  Connected  after 0s\ndefault/server-b  Connected  after 0s\n', ''],
      [0, 'default/nope  deleted  after 0s\n', ''],
    ]);
  });

  test('one look: 4, what it is instead, and what to do', async () => {
    const ended = await mustersInOrder(
      'wait server-c --timeout 0',
      'wait server-a --for=session=Authenticated --timeout 0',
      'wait server-d --for=session=Authenticated',
      'wait server-c --check --timeout 0',
    );
    expect(ended.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual([
      [
        4,
        '',
        'Error: default/server-c is Failed (ConnectionRefused).\nTo see why, run: muster check default/server-c --explain\n',
      ],
      [
        4,
        '',
        'Error: default/server-a is Pending Auth.\nRun: muster auth login --server server-a\n',
      ],
      [
        4,
        '',
        'Error: default/server-d asks for no sign-in, so it has no session.\nTo see more, run: muster describe default/server-d\n',
      ],
      [
        4,
        '',
        'Error: default/server-c is Failed (ConnectionRefused).\nTo see why, run: muster check default/server-c --explain\n',
      ],
    ]);
  });

  test.each([
    [
      'wait server-a --for=state=Up',
      1,
      /^Error: Unknown value of --for "state=Up" \(valid: state=Connected, /,
    ],
    ['wait server-a --timeout soon', 1, /is not a time/],
    ['wait server-a --check --for=deleted', 1, /^Error: --check can only be combined with/],
    ['wait nope', 1, /^Error: There is no MCPServer nope\.$/m],
  ])('muster %s is exit %i', async (line, code, message) => {
    expect(await muster(line)).toMatchObject({ code, stderr: expect.stringMatching(message) });
  });

  test('a session, and a probe, need a sign-in to muster: exit 2', async () => {
    for (const line of ['wait server-a --for=session=Authenticated', 'wait server-a --check'])
      expect((await muster(line, { home: '/nonexistent' })).code).toBe(2);
    expect((await muster('wait server-a', { home: '/nonexistent' })).code).toBe(0);
  });

  test('Ctrl-C ends it at once', async () => {
    let typed = () => {};
    const interrupted = new Promise<void>((resolve) => {
      typed = resolve;
    });
    const ended = await muster('wait server-c', {
      interrupted,
      onError: (stderr) => stderr.includes('Waiting for') && typed(),
    });
    expect(ended).toEqual({
      code: 130,
      stdout: '',
      stderr: 'Waiting for server-c to be Connected, at most 60 seconds.\n',
    });
  });
});
