/** The verify flow with scripted ports: what is sent, what is stored and what is told. */
import { describe, expect, test } from 'vitest';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import type { Grant, StoredGrant, Tokens } from '../../../functions/sessions/grant.ts';
import { nothingAllowed } from '../../../functions/sessions/policy.ts';
import type { VerificationResult } from '../../../functions/sessions/verification.ts';
import { verifySession, type VerifyPorts } from '../../../functions/sessions/verify.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { anAuth } from '../../world/server.ts';
import { aGrant, allowed, exchange, minutes, now, protectedServer } from './build.ts';

const person = aPerson({
  issuer: 'https://login.example.com',
  subject: 'ada',
  expiresAt: minutes(30),
});
const caller = aCaller(person, { token: 'own-token' });
const tokens = { accessToken: 'access-1', refreshToken: 'refresh-1' };

type World = {
  readonly held?: StoredGrant;
  readonly answers?: readonly VerificationResult[];
  readonly ports?: Partial<VerifyPorts>;
};

/** Verifies once; the server answers `answers` in order, and accepts after them. */
async function verified(server: McpServer, { held, answers = [], ports = {} }: World = {}) {
  let stored = held;
  const sent: string[] = [];
  const put: (readonly [Grant, Tokens | undefined])[] = [];
  const left = [...answers];
  const result = await verifySession(
    {
      policy: allowed,
      now: () => now,
      newSecret: () => 'generation-2',
      wait: async () => {},
      getGrant: async () => stored,
      putGrant: async (grant, secrets) => {
        put.push([grant, secrets]);
        return 'generation-1';
      },
      replaceGrant: async (next) => {
        stored = next;
        return true;
      },
      acquireLease: async () => 'lease',
      releaseLease: async () => {},
      verifyToken: async (_server, token) => {
        sent.push(token);
        return left.shift() ?? { kind: 'accepted' };
      },
      exchangeToken: async (_server, token) => ({
        kind: 'exchanged',
        tokens: { accessToken: `${token}-exchanged`, refreshToken: 'is-not-kept' },
        scopes: ['mcp'],
        expiresAt: minutes(5),
      }),
      refresh: async () => ({
        kind: 'refreshed',
        tokens: { accessToken: 'access-2' },
        scopes: ['mcp'],
        expiresAt: minutes(60),
      }),
      ...ports,
    },
    server,
    caller,
  );
  return { result, sent, put, stored };
}

const identity = {
  person: { issuer: 'https://login.example.com', subject: 'ada' },
  serverUid: 'uid-a',
  serverName: 'default/server-a',
  serverUrl: 'https://mcp.example.com/mcp',
};

describe('forwarding', () => {
  const server = protectedServer({ auth: anAuth({ forwardToken: true }) });
  const grant = {
    ...identity,
    headersDigest: server.headersDigest,
    kind: 'forwarding',
    issuer: 'https://login.example.com',
    clientId: '',
    resource: '',
    scopes: [],
    obtainedAt: now,
    expiresAt: minutes(30),
    refreshable: false,
  };
  const held = { grant: aGrant({ kind: 'forwarding' }), generation: 'generation-1' };

  test("sends the person's own token, and stores only the answer", async () => {
    const accepted = { ...grant, lastVerified: now };
    expect(await verified(server)).toMatchObject({
      result: { grant: accepted },
      sent: ['own-token'],
    });
    expect((await verified(server)).put).toEqual([[accepted, undefined]]);
  });
  test('stores a refusal of the server', async () => {
    const refused = { ...grant, refused: { at: now, by: 'server', message: 'no' } };
    expect(await verified(server, { answers: [{ kind: 'refused', message: 'no' }] })).toMatchObject(
      {
        result: { grant: refused },
        put: [[refused, undefined]],
      },
    );
  });
  test('keeps what is known when the server gives no clear answer', async () => {
    const { result, put } = await verified(server, {
      held,
      answers: [{ kind: 'unclear', message: 'it is down' }],
    });
    expect(result).toEqual({ grant: held.grant, message: 'it is down' });
    expect(put).toEqual([]);
  });
  test('sends no token that is known not to work', async () => {
    const demanding = protectedServer({
      auth: anAuth({ forwardToken: true, requiredAudiences: ['another-audience'] }),
    });
    expect(await verified(demanding)).toMatchObject({ result: {}, sent: [], put: [] });
    expect((await verified(demanding)).result).toEqual({});
  });
  test('is not even tried where the owner did not allow it', async () => {
    const { result, sent } = await verified(server, { held, ports: { policy: nothingAllowed } });
    expect([result, sent]).toEqual([{ grant: held.grant }, []]);
  });
});

describe('token exchange', () => {
  const server = protectedServer({ auth: anAuth({ tokenExchange: exchange }) });
  const grant = {
    ...identity,
    headersDigest: server.headersDigest,
    kind: 'exchange',
    issuer: 'https://issuer.example.com',
    clientId: '',
    resource: 'https://mcp.example.com/mcp',
    obtainedAt: now,
    refreshable: false,
  };
  const held = { grant: aGrant({ kind: 'exchange' }), tokens, generation: 'generation-1' };

  test('stores the new grant with its access token alone, and asks the server with it', async () => {
    const { result, sent, put } = await verified(server);
    const made = { ...grant, scopes: ['mcp'], expiresAt: minutes(5) };
    expect(put).toEqual([[made, { accessToken: 'own-token-exchanged' }]]);
    expect(sent).toEqual(['own-token-exchanged']);
    expect(result).toEqual({ grant: { ...made, lastVerified: now } });
  });
  test('that the issuer refuses is stored as its refusal, without tokens', async () => {
    const { result, sent, put } = await verified(server, {
      ports: { exchangeToken: async () => ({ kind: 'refused', message: 'not for you' }) },
    });
    const refused = {
      ...grant,
      scopes: [],
      refused: { at: now, by: 'issuer', message: 'not for you' },
    };
    expect(result).toEqual({ grant: refused });
    expect([put, sent]).toEqual([[[refused, undefined]], []]);
  });
  test('that the issuer cannot do now leaves what is stored', async () => {
    const { result, put } = await verified(server, {
      held,
      ports: { exchangeToken: async () => ({ kind: 'unavailable', message: 'it is down' }) },
    });
    expect(result).toEqual({ grant: held.grant, message: 'it is down' });
    expect(put).toEqual([]);
  });
});

describe('an own sign-in', () => {
  const server = protectedServer();
  const held = {
    grant: aGrant({ refreshable: true, headersDigest: server.headersDigest }),
    tokens,
    generation: 'generation-1',
  };

  test('that is accepted is noted with its time', async () => {
    const { result, sent, stored } = await verified(server, { held });
    expect(result.grant).toEqual({ ...held.grant, lastVerified: now });
    expect([sent, stored?.grant]).toEqual([['access-1'], result.grant]);
  });
  test('that the server refuses is refreshed, and the fresh token decides', async () => {
    const no = { kind: 'refused', message: 'no' } as const;
    const good = await verified(server, { held, answers: [no] });
    expect(good.sent).toEqual(['access-1', 'access-2']);
    expect(good.result.grant).toMatchObject({ lastVerified: now });
    const bad = await verified(server, { held, answers: [no, no] });
    expect(bad.result.grant?.refused).toEqual({ at: now, by: 'server', message: 'no' });
  });
  test('that the server refuses and that cannot be refreshed is refused', async () => {
    const { result, sent } = await verified(server, {
      held: { ...held, tokens: { accessToken: 'access-1' } },
      answers: [{ kind: 'refused', message: 'no' }],
    });
    expect(sent).toEqual(['access-1']);
    expect(result.grant?.refused).toMatchObject({ by: 'server' });
  });
  test('whose issuer is down while the server refuses it stays, with the reason', async () => {
    const { result } = await verified(server, {
      held,
      answers: [{ kind: 'refused', message: 'no' }],
      ports: {
        refresh: async () => ({
          kind: 'failed',
          failure: { kind: 'noAnswer' },
          message: 'it is down',
        }),
      },
    });
    expect(result).toMatchObject({ grant: { serverUid: 'uid-a' }, message: 'it is down' });
    expect(result.grant?.refused).toBeUndefined();
  });
  test('that the issuer ends while it is refreshed is told as ended', async () => {
    const { result } = await verified(server, {
      held: { ...held, grant: { ...held.grant, expiresAt: minutes(-1) } },
      ports: {
        refresh: async () => ({
          kind: 'failed',
          failure: { kind: 'noClient' },
          message: 'it is over',
        }),
      },
    });
    expect(result.grant?.refused).toEqual({ at: now, by: 'issuer', message: 'it is over' });
  });
  test('that the server refused before is asked again, and refreshed when it still refuses', async () => {
    const refused = { at: minutes(-5), by: 'server', message: 'before' } as const;
    const before = { ...held, grant: { ...held.grant, refused } };
    const good = await verified(server, { held: before });
    expect([good.sent, good.result.grant?.refused]).toEqual([['access-1'], undefined]);
    const no = { kind: 'refused', message: 'no' } as const;
    expect((await verified(server, { held: before, answers: [no] })).sent).toEqual([
      'access-1',
      'access-2',
    ]);
  });
  test('that has expired and cannot be refreshed is told as it is', async () => {
    const grant = { ...held.grant, expiresAt: minutes(-1) };
    const { result, sent } = await verified(server, {
      held: { ...held, grant, tokens: { accessToken: 'access-1' } },
    });
    expect([result, sent]).toEqual([{ grant }, []]);
  });
  test('that disappears meanwhile is told as nothing', async () => {
    let reads = 0;
    const { result, sent } = await verified(server, {
      ports: {
        getGrant: async () => {
          reads += 1;
          return reads === 1 ? held : undefined;
        },
      },
    });
    expect([result, sent]).toEqual([{}, []]);
  });
  test('of another server, or none, asks nobody', async () => {
    const other = { ...held, grant: { ...held.grant, serverUrl: 'https://old.example.com/mcp' } };
    expect(await verified(server, { held: other })).toMatchObject({
      result: { grant: other.grant },
      sent: [],
    });
    const none = await verified(server);
    expect([none.result, none.sent]).toEqual([{}, []]);
  });
  test('to a server that asks for none asks nobody', async () => {
    const open = protectedServer({ authRequired: 'False' });
    expect((await verified(open, { held })).sent).toEqual([]);
  });
});
