/** The token of a person on the way to one server: asked for, renewed, refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AccessKeeper, accessKeeper } from '../../../cli/bridge/server-access.ts';
import {
  type Answer,
  listOf,
  open,
  type ReleaseDesk,
  startReleaseDesk,
  token,
} from './release-desk.ts';

const url = 'http://127.0.0.1:9/mcp';
const name = 'default/server-a';

let desk: ReleaseDesk;
/** How far the clock of this machine is ahead. */
let aheadMs: number;
beforeAll(async () => {
  desk = await startReleaseDesk();
});
afterAll(() => desk.close());
beforeEach(async () => {
  aheadMs = 0;
  desk.asked.length = 0;
  desk.paths.length = 0;
  desk.list = () => listOf('server-a', 'server-b');
  await desk.signIn();
});

const keeperOf = (server = name): AccessKeeper =>
  accessKeeper(server, desk.endpoint, {
    option: (flag) => (flag === 'endpoint' ? desk.endpoint : undefined),
    environment: { HOME: desk.home },
    now: () => new Date(Date.now() + aheadMs),
    info: () => {},
  });

/** What the endpoint says, by what it is asked: nothing, `stale` or `refused`. */
const answers = (said: Readonly<Partial<Record<'none' | 'stale' | 'refused', Answer>>>) => {
  desk.answer = (body) => {
    const text = JSON.stringify(body);
    const kind = text.includes('stale') ? 'stale' : text.includes('refused') ? 'refused' : 'none';
    return said[kind] ?? { status: 500, body: { title: `Not expected: ${text}` } };
  };
};
const expired: Answer = {
  status: 409,
  body: {
    title: 'You are not signed in to default/server-a (Expired)',
    detail: 'The server refused the token that your machine sent (401)',
    hint: 'Run: muster auth login --server default/server-a',
  },
};

describe('a token', () => {
  test('is asked for once by messages at the same time, and kept', async () => {
    answers({ none: token(url, 'one') });
    const { current } = keeperOf();
    const all = await Promise.all([current(), current(), current()]);
    expect([...all, await current()].map((access) => access.token)).toEqual(Array(4).fill('one'));
    expect(desk.asked).toEqual([{}]);
  });

  test('is asked for again five seconds before its end', async () => {
    answers({ none: token(url, 'one', 60_000) });
    const { current } = keeperOf();
    await current();
    aheadMs = 54_000;
    await current();
    expect(desk.asked).toHaveLength(1);
    aheadMs = 56_000;
    await current();
    expect(desk.asked).toHaveLength(2);
  });

  test('lasts as long as the endpoint says, whatever the clock of this machine says', async () => {
    aheadMs = 7_200_000;
    await desk.signIn({ expiresAt: new Date(Date.now() + 2 * aheadMs) });
    answers({ none: token(url, 'one', 60_000) });
    const { current } = keeperOf();
    await current();
    await current();
    expect(desk.asked).toHaveLength(1);
  });

  test('is asked for again after five minutes, so that a sign-out elsewhere reaches it', async () => {
    answers({ none: token(url, 'one') });
    const { current } = keeperOf();
    await current();
    aheadMs = 301_000;
    desk.answer = () => expired;
    await expect(current()).rejects.toThrow('(Expired)');
  });

  test.each([503, 429])('stays in use while the endpoint says %i', async (status) => {
    answers({ none: token(url, 'one') });
    const { current } = keeperOf();
    await current();
    aheadMs = 301_000;
    desk.answer = () => ({ status, body: { title: 'Not now' } });
    expect(await current()).toMatchObject({ token: 'one' });
    await current();
    expect(desk.asked).toHaveLength(2);
  });

  test('is not used after a sign-out on this machine, and neither by the next person', async () => {
    answers({ none: token(url, 'one') });
    const { current } = keeperOf();
    await current();
    await desk.signOut();
    await expect(current()).rejects.toThrow(
      `You are not signed in to ${desk.endpoint}. Run: muster auth login`,
    );
    await desk.signIn({ subject: 'grace' });
    answers({ none: token(url, 'of-grace') });
    expect(await current()).toMatchObject({ token: 'of-grace' });
  });

  test('that the server refuses is renewed once by messages at the same time', async () => {
    answers({ none: token(url, 'one'), stale: token(url, 'two') });
    const { current, renew } = keeperOf();
    const refused = await current();
    const renewed = await Promise.all([renew(refused), renew(refused), renew(refused)]);
    expect(renewed.map((access) => access.token)).toEqual(['two', 'two', 'two']);
    expect(desk.asked).toEqual([{}, { stale: 'one' }]);
    expect(await renew(refused)).toMatchObject({ token: 'two' });
  });

  test('that is refused twice is reported once, and the next message says why', async () => {
    answers({ none: token(url, 'one'), stale: token(url, 'two'), refused: expired });
    const { current, renew, refusedAgain } = keeperOf();
    const second = await renew(await current());
    const errors = await Promise.all([refusedAgain(second), refusedAgain(second)]);
    expect(errors.map(({ message }) => message)).toEqual(
      Array(2).fill(
        'default/server-a does not take your token (401). Run: muster auth login --server default/server-a',
      ),
    );
    expect(desk.asked).toEqual([{}, { stale: 'one' }, { refused: 'two' }]);
    answers({ none: expired });
    await expect(current()).rejects.toThrow(
      'default/server-a: you are not signed in (Expired). Run: muster auth login --server default/server-a',
    );
  });
});

describe('a server that asks for no sign-in', () => {
  test('gets no token', async () => {
    answers({ none: open(url) });
    expect(await keeperOf().current()).not.toHaveProperty('token');
  });

  test('and then refuses, is Pending Auth', async () => {
    answers({ none: open(url) });
    const { current, renew, refusedAgain } = keeperOf();
    expect((await refusedAgain(await renew(await current()))).message).toBe(
      'default/server-a: you are not signed in (Pending Auth). Run: muster auth login --server default/server-a',
    );
    expect(desk.asked).toEqual([{}, {}]);
  });

  test('may be on a network without TLS', async () => {
    answers({ none: open('http://mcp.example.com/mcp') });
    expect((await keeperOf().current()).url.hostname).toBe('mcp.example.com');
  });
});

describe('single sign-on by forwarding', () => {
  test("sends the person's own ID token", async () => {
    answers({ none: { body: { url, type: 'streamable-http', kind: 'forwarded' } } });
    expect(await keeperOf().current()).toMatchObject({ token: 'own-token' });
  });

  test('says why the own sign-in could not be refreshed when the server refuses it', async () => {
    await desk.signIn({ refreshToken: 'a refresh token' });
    answers({ none: { body: { url, type: 'streamable-http', kind: 'forwarded' } } });
    const { current, renew } = keeperOf();
    await expect(renew(await current())).rejects.toThrow(/issuer is unavailable.* is kept\./);
  });
});

describe('the address', () => {
  test.each([
    ['http://mcp.example.com/mcp'],
    ['https://user:password@mcp.example.com/mcp'],
    ['file:///etc/passwd'],
    ['no address'],
  ])('%s gets no token', async (address) => {
    answers({ none: token(address, 'one') });
    await expect(keeperOf().current()).rejects.toThrow(
      /^http.* names the address .* for default\/server-a\. Tokens are sent over https only, or on this machine\.$/,
    );
  });
});

describe('the name', () => {
  test('with its namespace costs no list', async () => {
    answers({ none: open(url) });
    await keeperOf().current();
    expect(desk.paths).toEqual(['POST /v1/mcpservers/default/server-a/session/token']);
  });

  test('alone is looked up once', async () => {
    answers({ none: token(url, 'one'), stale: token(url, 'two') });
    const { current, renew } = keeperOf('server-b');
    await renew(await current());
    expect(desk.paths).toEqual([
      expect.stringMatching(/^GET \/v1\/mcpservers(\?|$)/),
      'POST /v1/mcpservers/default/server-b/session/token',
      'POST /v1/mcpservers/default/server-b/session/token',
    ]);
  });

  test('that no server has, or that several have, is an error with the next step', async () => {
    await expect(keeperOf('server-x').current()).rejects.toThrow(
      'There is no MCPServer server-x. Did you mean server-a or server-b?',
    );
    desk.list = () => listOf('server-a', 'server-a');
    await expect(keeperOf('server-a').current()).rejects.toThrow(/namespaces/);
  });
});

test.each([
  [
    'releases no tokens',
    'This endpoint releases no tokens.',
    'RELEASE_TOKENS',
    'This endpoint releases no tokens. Its owner can allow it: RELEASE_TOKENS.',
  ],
  [
    'releases none for this host',
    'This endpoint releases no tokens for mcp.example.com.',
    'RELEASE_HOSTS',
    'This endpoint releases no tokens for mcp.example.com. Its owner can allow it: RELEASE_HOSTS.',
  ],
])('an endpoint that %s is explained with the setting', async (_what, detail, setting, shown) => {
  const hint = `The owner of the endpoint can allow it with the setting ${setting}.`;
  desk.answer = () => ({ status: 403, body: { title: 'Tokens are not released', detail, hint } });
  await expect(keeperOf().current()).rejects.toThrow(shown);
});

test('a sign-in without a key of this machine is explained with the next command', async () => {
  await desk.signIn({}, false);
  await expect(keeperOf().current()).rejects.toThrow(
    'This sign-in has no key of this machine. Run: muster auth login',
  );
});
