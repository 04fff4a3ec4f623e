/** Where a sign-in does not begin or does not go on, and what is left behind then: nothing. */
import { describe, expect, test } from 'vitest';
import { defined } from '../../../functions/model/defined.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import type { AuthorizationRefusal, SignIn } from '../../../functions/sessions/pending-sign-in.ts';
import {
  callBack,
  completeSignIn,
  type SignInPorts,
  startSignIn,
} from '../../../functions/sessions/signin.ts';
import { aPerson } from '../../world/person.ts';
import { allowed, minutes, now, protectedServer } from './build.ts';

const server = protectedServer();
const person = aPerson({ issuer: 'https://login.example.com', subject: 'ada' });
const request = {
  issuer: 'https://issuer.example.com',
  clientId: 'muster',
  redirectUri: 'https://muster.example.com/v1/oauth/callback/here',
  resource: 'https://mcp.example.com/mcp',
  scopes: ['mcp', 'read'],
  verifier: 'verifier',
  isNamed: false,
};
const signIn: SignIn = {
  starter: { issuer: 'https://login.example.com', subject: 'ada' },
  starterName: 'Ada',
  serverUid: 'uid-a',
  serverName: 'default/server-a',
  serverUrl: 'https://mcp.example.com/mcp',
  headersDigest: server.headersDigest,
  request,
  expiresAt: minutes(10),
};

/** Ports that note each thing that is stored or asked for. */
function world(more: Partial<SignInPorts> = {}) {
  const done: string[] = [];
  const marks: Date[] = [];
  const ports: SignInPorts = {
    policy: allowed,
    now: () => now,
    newSecret: () => 'secret',
    authorize: async () => {
      done.push('authorize');
      return {
        kind: 'authorized',
        authorizationUrl: new URL('https://issuer.example.com/auth'),
        request,
      };
    },
    exchange: async () => {
      done.push('exchange');
      return { kind: 'exchanged', tokens: { accessToken: 'access' }, scopes: [] };
    },
    takeLimit: async () => ({ kind: 'allowed' }),
    markAttempt: async () => {
      done.push('markAttempt');
    },
    consumeAttempt: async () => {
      done.push('consumeAttempt');
      return false;
    },
    markStarted: async (_issuer, at) => {
      done.push('markStarted');
      marks.push(at);
    },
    markAnswered: async () => {
      done.push('markAnswered');
    },
    saveSignIn: async () => {
      done.push('saveSignIn');
    },
    consumeSignIn: async () => signIn,
    savePendingCode: async (_secret, pending) => {
      expect(pending.answer.code).toBe('code');
      expect(pending.signIn).toMatchObject({ starter: signIn.starter, serverUid: 'uid-a' });
      done.push(`savePendingCode until ${pending.signIn.expiresAt.toISOString()}`);
    },
    consumePendingCode: async () => ({ signIn, answer: { code: 'code' } }),
    getGrant: async () => undefined,
    putGrant: async () => {
      done.push('putGrant');
      return 'generation-1';
    },
    replaceGrant: async () => true,
    verifyToken: async () => ({ kind: 'accepted' }),
    ...more,
  };
  return { ports, done, marks };
}

describe('a sign-in does not begin', () => {
  const start = async (of: McpServer, returnTo?: string) => {
    const { ports, done } = world();
    return [await startSignIn(ports, of, person, returnTo), done];
  };
  test.each<[McpServer, string]>([
    [protectedServer({ type: 'stdio' }), 'It runs on the machine of its user (stdio).'],
    [
      protectedServer({ singleSignOn: 'forwarding' }),
      'It uses single sign-on and has no sign-in of its own.',
    ],
    [protectedServer({ authRequired: 'False' }), 'It does not require a sign-in.'],
    [
      protectedServer({ authRequired: 'Unknown' }),
      'It answers without asking for a sign-in. Whether it requires one is not known.',
    ],
    [protectedServer({ url: 'not a URL' }), 'Its URL is not valid.'],
  ])('where there is nothing to sign in to: %#', async (of, message) => {
    expect(await start(of)).toEqual([{ kind: 'nothingToSignInTo', message }, []]);
  });
  test('to a server that gets no token of anyone', async () => {
    expect(await start(protectedServer({ url: 'http://mcp.example.com/mcp' }))).toEqual([
      {
        kind: 'noTokens',
        reason: 'clearText',
        message: 'Tokens are sent over https only. The URL of the server does not use https.',
      },
      [],
    ]);
  });
  test.each([
    'not a URL',
    'https://127.0.0.1:8000/',
    'http://127.0.0.1/',
    'http://evil.example.com:8000/',
    'http://127.0.0.1.evil.example.com:8000/',
    'http://user@127.0.0.1:8000/',
    'http://:password@127.0.0.1:8000/',
  ])('for a page to return to that is not on loopback: %s', async (returnTo) => {
    expect(await start(server, returnTo)).toEqual([{ kind: 'badReturnTo' }, []]);
  });
  test('for any page but the live page, where that is on', async () => {
    const page = 'https://muster.example.com/live/';
    const to = async (returnTo: string, livePage?: string) =>
      (await startSignIn(world(defined({ livePage })).ports, server, person, returnTo)).kind;
    expect(await to(page, page)).toBe('started');
    expect(await to(page)).toBe('badReturnTo');
    expect(await to(`${page}?a`, page)).toBe('badReturnTo');
  });
  test.each(['http://127.0.0.1:8000/', 'http://[::1]:8000/', 'http://localhost:8000/'])(
    'and does for %s',
    async (returnTo) => {
      const [result, done] = await start(server, returnTo);
      expect(result).toEqual({
        kind: 'started',
        authorizationUrl: new URL('https://issuer.example.com/auth'),
        expiresAt: minutes(10),
      });
      expect(done).toEqual([
        'consumeAttempt',
        'authorize',
        'markAttempt',
        'saveSignIn',
        'markStarted',
      ]);
    },
  );
});

describe('a browser that comes back', () => {
  const back = async (
    answer: Parameters<typeof callBack>[3],
    more: Partial<SignInPorts> = {},
    place = 'here',
  ) => {
    const { ports, done, marks } = world(more);
    return { result: await callBack(ports, place, 'state', answer), done, marks };
  };
  test('with a state that nobody started, or too late, is told no more than that', async () => {
    const none = await back({ code: 'code' }, { consumeSignIn: async () => undefined });
    expect([none.result, none.done]).toEqual([{ kind: 'unknown' }, []]);
    const late = await back(
      { code: 'code' },
      { consumeSignIn: async () => ({ ...signIn, expiresAt: now }) },
    );
    expect([late.result, late.done]).toEqual([
      { kind: 'unknown' },
      ['markAnswered', 'consumeAttempt'],
    ]);
    const elsewhere = await back({ code: 'code' }, {}, 'elsewhere');
    expect([elsewhere.result, elsewhere.done]).toEqual([{ kind: 'unknown' }, []]);
  });
  test('with a code has ten more minutes to complete', async () => {
    const { result, done } = await back(
      { code: 'code' },
      { consumeSignIn: async () => ({ ...signIn, expiresAt: minutes(1) }) },
    );
    expect(result).toEqual({ kind: 'parked', signIn, secret: 'secret' });
    expect(done).toEqual([
      'markAnswered',
      'consumeAttempt',
      `savePendingCode until ${minutes(10).toISOString()}`,
    ]);
  });
  test('from an issuer that has to name itself is taken only with that name', async () => {
    const named = {
      consumeSignIn: async () => ({ ...signIn, request: { ...request, isNamed: true } }),
    };
    expect((await back({ code: 'code' }, named)).result.kind).toBe('notNamed');
    expect((await back({ code: 'code', iss: request.issuer }, named)).result.kind).toBe('parked');
    const other = await back({ code: 'code', iss: 'https://other.example.com' });
    expect([other.result, other.done]).toEqual([
      { kind: 'notNamed', signIn },
      ['markAnswered', 'consumeAttempt'],
    ]);
  });

  const declined = async (answer: AuthorizationRefusal, facts: Partial<typeof request> = {}) => {
    const { result, marks } = await back(answer, {
      consumeSignIn: async () => ({ ...signIn, request: { ...request, ...facts } }),
    });
    return { message: result.kind === 'declined' ? result.message : result.kind, marks };
  };
  test('with a refusal is told by server, issuer, code, words and what was asked for', async () => {
    expect(
      (await declined({ error: 'access_denied', description: 'Ask v1.2 of Bob.' })).message,
    ).toBe(
      'The issuer issuer.example.com refused the sign-in to default/server-a: access_denied. It says: Ask v1.2 of Bob. It was asked for the scopes mcp read, for https://mcp.example.com/mcp.',
    );
    expect((await declined({}, { scopes: [] })).message).toBe(
      'The issuer issuer.example.com refused the sign-in to default/server-a: an error without a known code. It was asked for no scopes, for https://mcp.example.com/mcp.',
    );
  });
  test('with a refusal is told with the sign-in that it is about', async () => {
    expect((await back({ error: 'access_denied' })).result).toMatchObject({
      kind: 'declined',
      signIn,
    });
  });
  test('with a long refusal is told in bounds', async () => {
    const scopes = ['s'.repeat(400)];
    const resource = `https://mcp.example.com/${'r'.repeat(400)}`;
    const { message } = await declined({ error: 'access_denied' }, { scopes, resource });
    const [, scope = '', about = ''] = /for (the scopes .*), for (.*)\.$/.exec(message) ?? [];
    expect([scope.length, about.length]).toEqual([200, 200]);
    const described = await declined({ error: 'access_denied', description: 'd '.repeat(400) });
    const [, words = ''] = /It says: (.*?)\. It was/.exec(described.message) ?? [];
    expect(words.length).toBeGreaterThanOrEqual(299);
    expect(words.length).toBeLessThanOrEqual(300);
  });
  test.each([
    'invalid_client',
    'invalid_client_id',
    'invalid_client_metadata',
    'invalid_redirect_uri',
    'redirect_uri_mismatch',
    'unauthorized_client',
  ])('with %s makes the next sign-in take another client', async (error) => {
    expect((await declined({ error })).marks).toEqual([minutes(-10)]);
  });
  test('with another refusal keeps the client', async () => {
    expect((await declined({ error: 'access_denied' })).marks).toEqual([]);
    expect((await declined({ error: 'made_up' })).marks).toEqual([]);
  });
});

describe('a completion', () => {
  const complete = async (more: Partial<SignInPorts>, of: McpServer = server) => {
    const { ports, done } = world(more);
    return [await completeSignIn(ports, of, person, 'secret'), done];
  };
  const pending = (facts: Partial<SignIn>): Partial<SignInPorts> => ({
    consumePendingCode: async () => ({ signIn: { ...signIn, ...facts }, answer: { code: 'code' } }),
  });
  test.each<[string, Partial<SignInPorts>]>([
    ['nothing waits', { consumePendingCode: async () => undefined }],
    ['it is too late', pending({ expiresAt: now })],
    ['another person started it', pending({ starter: { issuer: 'i', subject: 'bob' } })],
    ['it was for another server', pending({ serverUid: 'uid-b' })],
  ])('is unknown, and exchanges nothing, when %s', async (_why, more) => {
    expect(await complete(more)).toEqual([{ kind: 'unknown' }, []]);
  });
  test.each<[string, Partial<SignIn>]>([
    ['URL', { serverUrl: 'https://old.example.com/mcp' }],
    ['headers', { headersDigest: 'another' }],
  ])('for a server whose %s changed exchanges nothing', async (_what, facts) => {
    expect(await complete(pending(facts))).toEqual([{ kind: 'serverChanged' }, []]);
  });
});
