import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import { textSealer } from '../../../functions/adapters/dynamodb/sealed-text.ts';
import { defined } from '../../../functions/model/defined.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { listSchema } from '../../../functions/model/wire/server-wire.ts';
import { type ApiPorts, composeApi } from '../../../functions/routes/compose.ts';
import { functionUrlHandler } from '../../../functions/routes/function-url.ts';
import { join } from '../../../functions/sessions/join.ts';
import type { Grant } from '../../../functions/sessions/grant.ts';
import { contextOf, eventOf } from '../../../local/lambda.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { aServer, connected } from '../../world/server.ts';
import { aGrant } from '../sessions/build.ts';

const names = Array.from({ length: 30 }, (_, index) => `server-${String(index + 10)}`);
const url = 'https://mcp.example.com/mcp';
const fleet = names.map((name) => aServer({ name, uid: name, url, status: connected('True') }));

/** The endpoint over a fleet that the test changes, with the time in its hand. */
function world(servers: Partial<ApiPorts['servers']> = {}) {
  const state = {
    time: new Date('2026-01-01T00:05:00Z').getTime(),
    fleet: fleet as readonly McpServer[],
    /** The revision of the snapshot, as it is in a token of the cluster. */
    revision: 1,
    grants: [] as readonly Grant[],
    expiresAt: new Date('2100-01-01T00:00:00Z'),
    sweptAt: new Date('2026-01-01T00:00:00Z'),
  };
  const now = () => new Date(state.time);
  const api = composeApi({
    facts: {
      publicUrl: 'https://muster.example.com',
      issuer: 'https://login.example.com',
      clientId: 'muster-cli',
      scopes: ['openid'],
      audienceScopes: async () => [],
    },
    verify: async (token) =>
      token === 'odd'
        ? { kind: 'invalid', message: 'The token has expired.' }
        : {
            kind: 'valid',
            caller: aCaller(aPerson({ subject: token, expiresAt: state.expiresAt })),
          },
    log: () => {},
    servers: {
      now,
      listPage: async ({ limit, continue: token }) => {
        const [, start = '0'] = token?.split(' ') ?? [];
        const next = Number(start) + limit;
        return {
          kind: 'page',
          page: defined({
            servers: state.fleet.slice(Number(start), next),
            malformed: [],
            continue:
              next < state.fleet.length ? `${String(state.revision)} ${String(next)}` : undefined,
          }),
        };
      },
      readServer: async () => fleet[0],
      sessionsOf: async (person) => (those) => join(those, person, state.grants, now()),
      check: async () => Promise.reject(new Error('not here')),
      checkSignIn: async () => Promise.reject(new Error('not here')),
      takeLimit: async () => ({ kind: 'allowed' }),
      lastSweep: async () => ({ at: state.sweptAt, stopped: false }),
      continueTokens: textSealer(sealer([`k1:${Buffer.alloc(32, 7).toString('base64url')}`])),
      heartbeatMs: 300_000,
      anonymousList: true,
      ...servers,
    },
  });
  const ask = async (
    headers: Readonly<Record<string, string>> = {},
    { person = 'ada', query = '', method = 'GET' } = {},
  ) => {
    const response = await api.request(`/v1/mcpservers${query}`, {
      method,
      headers: { ...(person !== '' && { authorization: `Bearer ${person}` }), ...headers },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const etag = response.headers.get('etag') ?? '';
    return { status: response.status, headers: response.headers, bytes, etag };
  };
  return { api, state, ask };
}

const gzip = { 'accept-encoding': 'gzip' };

describe('the ETag of a list', () => {
  test('is strong, and the same while the answer is', async () => {
    const { ask } = world();
    const [first, second] = [await ask(), await ask()];
    expect(first.etag).toMatch(/^"[\w-]{43}"$/);
    expect(second.etag).toBe(first.etag);
    expect(second.bytes).toEqual(first.bytes);
  });

  test.each<readonly [string, (made: ReturnType<typeof world>) => void]>([
    [
      'a server was added',
      ({ state }) => void (state.fleet = [...fleet, aServer({ name: 'new', uid: 'new' })]),
    ],
    [
      'a status was written',
      ({ state }) =>
        void (state.fleet = fleet.with(3, { ...aServer(), ...fleet[3], status: connected() })),
    ],
    ['a STATE became stale', ({ state }) => void (state.time += 600_000)],
    [
      'the person signed in to a server',
      ({ state }) =>
        void (state.grants = [aGrant({ serverUid: 'server-10', serverUrl: url, issuer: 'x' })]),
    ],
    ['the token of the person is a new one', ({ state }) => void (state.expiresAt = new Date(0))],
    ['there was a sweep', ({ state }) => void (state.sweptAt = new Date(state.time))],
  ])('changes when %s, and the answer is whole', async (_what, change) => {
    const made = world();
    made.state.grants = [];
    const before = await made.ask();
    change(made);
    const after = await made.ask({ 'if-none-match': before.etag });
    expect(after.status).toBe(200);
    expect(after.etag).not.toBe(before.etag);
    listSchema.parse(JSON.parse(String(after.bytes)));
  });

  test('changes when a session comes near its end', async () => {
    const made = world();
    const expiresAt = new Date(made.state.time + 6 * 60_000);
    made.state.grants = [aGrant({ serverUid: 'server-10', serverUrl: url, expiresAt })];
    const before = await made.ask();
    made.state.time += 2 * 60_000;
    const after = await made.ask({ 'if-none-match': before.etag });
    expect(String(after.bytes)).toContain('expires in less than 5 minutes');
  });

  test('is another one for another person, another query and a stranger', async () => {
    const { ask } = world();
    const tags = [
      await ask(),
      await ask({}, { person: 'grace' }),
      await ask({}, { person: '' }),
      await ask({}, { query: '?conditions=none' }),
      await ask({}, { query: '?limit=7' }),
      await ask(gzip),
    ].map(({ etag }) => etag);
    expect(new Set(tags).size).toBe(tags.length);
  });

  test('is also that of a HEAD, which has no body', async () => {
    const { ask } = world();
    const head = await ask(gzip, { method: 'HEAD' });
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(head.etag).toBe((await ask(gzip)).etag);
  });
});

describe('a caller that has the answer', () => {
  test.each([{}, gzip])('gets 304 with the headers of a 200 and no body: %j', async (encoding) => {
    const { ask } = world();
    const whole = await ask(encoding);
    for (const match of [whole.etag, `"other", W/${whole.etag}`, '*']) {
      const same = await ask({ ...encoding, 'if-none-match': match });
      expect([same.status, same.bytes.length]).toEqual([304, 0]);
      for (const name of ['etag', 'vary', 'cache-control', 'x-content-type-options'])
        expect(same.headers.get(name)).toBe(whole.headers.get(name));
      expect(same.headers.get('content-encoding')).toBeNull();
    }
  });

  test('gets 304 in whichever form it has the answer', async () => {
    const { ask } = world();
    const [plain, small] = [await ask(), await ask(gzip)];
    expect((await ask({ 'if-none-match': small.etag })).status).toBe(304);
    expect((await ask({ ...gzip, 'if-none-match': plain.etag })).status).toBe(304);
  });

  test('gets nothing by the tag of another person, and a 401 where its token is not valid', async () => {
    const { ask } = world();
    const { etag } = await ask();
    expect((await ask({ 'if-none-match': etag }, { person: 'grace' })).status).toBe(200);
    expect((await ask({ 'if-none-match': etag }, { person: '' })).status).toBe(200);
    expect((await ask({ 'if-none-match': '*' }, { person: 'odd' })).status).toBe(401);
  });

  test('gets 304 only while its continue leads to the same rows', async () => {
    const { ask, state } = world();
    const query = '?limit=10';
    const nextOf = ({ bytes }: { bytes: Buffer }) =>
      listSchema.parse(JSON.parse(String(bytes))).continue ?? '';
    const first = await ask({}, { query });
    const again = await ask({}, { query });
    // A sealed token is random each time; that is no other answer.
    expect(nextOf(again)).not.toBe(nextOf(first));
    expect((await ask({ 'if-none-match': first.etag }, { query })).status).toBe(304);
    const rest = await ask({}, { query: `${query}&continue=${encodeURIComponent(nextOf(first))}` });
    expect(String(rest.bytes)).toContain(names[10]);
    // The same rows, but a later snapshot: what follows may have changed.
    state.revision += 1;
    expect((await ask({ 'if-none-match': first.etag }, { query })).status).toBe(200);
  });
});

describe('a caller that reads gzip', () => {
  test('gets the same answer compressed', async () => {
    const { ask } = world();
    const [plain, small] = [await ask(), await ask(gzip)];
    expect(small.headers.get('content-encoding')).toBe('gzip');
    expect(small.headers.get('content-type')).toBe('application/json');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(String(gunzipSync(small.bytes))).toBe(String(plain.bytes));
    expect(small.bytes.length * 10).toBeLessThan(plain.bytes.length);
    for (const { headers } of [plain, small]) {
      expect(headers.get('vary')).toBe('authorization, accept-encoding');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test('gets a short answer as it is, and so does one that refuses gzip', async () => {
    const { ask, state } = world();
    for (const encoding of ['gzip;q=0', 'identity', 'br'])
      expect(
        (await ask({ 'accept-encoding': encoding })).headers.get('content-encoding'),
      ).toBeNull();
    state.fleet = fleet.slice(0, 1);
    const { headers, etag } = await ask(gzip, { query: '?conditions=none' });
    expect(headers.get('content-encoding')).toBeNull();
    expect(etag).not.toContain('gzip');
  });

  test('gets an answer about one server, and every error, as it is', async () => {
    const { api } = world();
    for (const path of ['/v1/mcpservers/default/server-10', '/v1/me', '/v1/nowhere']) {
      const { headers } = await api.request(path, {
        headers: { ...gzip, authorization: 'Bearer ada' },
      });
      expect([headers.get('content-encoding'), headers.get('etag')]).toEqual([null, null]);
    }
  });

  test('gets through Lambda what is text there: base64 of gzip, and an empty 304', async () => {
    const { api, ask } = world();
    const invoke = (headers: Readonly<Record<string, string>>) =>
      functionUrlHandler(api)(
        eventOf({
          method: 'GET',
          url: '/v1/mcpservers',
          host: 'muster.example.com',
          headers: { authorization: 'Bearer ada', ...headers },
        }),
        contextOf('a'),
      );
    const plain = await invoke({});
    const small = await invoke(gzip);
    expect([plain.isBase64Encoded, small.isBase64Encoded]).toEqual([false, true]);
    expect(String(gunzipSync(Buffer.from(small.body, 'base64')))).toBe(plain.body);
    const { etag } = await ask(gzip);
    const same = await invoke({ ...gzip, 'if-none-match': etag });
    expect(same).toMatchObject({ statusCode: 304, body: '', isBase64Encoded: false });
  });
});
