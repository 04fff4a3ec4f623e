/** Which servers a person's own machine may use, and with what. */
import { describe, expect, test } from 'vitest';
import {
  judgeRelease,
  nothingReleased,
  type ReleasePolicy,
} from '../../../functions/sessions/release.ts';
import type { TokenPolicy } from '../../../functions/sessions/policy.ts';
import { anAuth } from '../../world/server.ts';
import { aPerson } from '../../world/person.ts';
import {
  aGrant,
  allowed,
  auth,
  exchange,
  minutes,
  now,
  protectedServer,
  type ServerFacts,
} from './build.ts';

const person = aPerson();
const on: ReleasePolicy = { isOn: true, hosts: [], clusterDomain: 'cluster.local' };
const url = 'https://mcp.example.com/mcp';

const judged = (
  facts: ServerFacts = {},
  {
    grant = aGrant(facts.url === undefined ? {} : { serverUrl: facts.url }),
    release = {},
    policy = {},
  }: {
    readonly grant?: ReturnType<typeof aGrant>;
    readonly release?: Partial<ReleasePolicy>;
    readonly policy?: Partial<TokenPolicy>;
  } = {},
) =>
  judgeRelease(protectedServer({ headersDigest: '', ...facts }), person, grant, now, {
    policy: { ...allowed, ...policy },
    release: { ...on, ...release },
  });

const unusable = (message: string | RegExp) => ({
  kind: 'unusable',
  message: typeof message === 'string' ? message : expect.stringMatching(message),
});

test('a session gives a token for the URL of the server', () => {
  expect(judged()).toEqual({ kind: 'token', url });
});

test('STATE is no part of it: the machine sees for itself', () => {
  for (const state of ['Failed', 'Connecting', ''] as const)
    expect(judged({ state }).kind).toBe('token');
});

test('nothing is released where the owner has not allowed it, not even an open URL', () => {
  const off = {
    kind: 'notReleased',
    message: 'This endpoint releases no tokens.',
    setting: 'RELEASE_TOKENS',
  };
  expect(judged({}, { release: nothingReleased })).toEqual(off);
  expect(judged({ authRequired: 'False' }, { release: nothingReleased })).toEqual(off);
});

test('the default releases nothing, whatever else is set', () => {
  expect(nothingReleased).toEqual({ isOn: false, hosts: [], clusterDomain: 'cluster.local' });
});

describe('RELEASE_HOSTS', () => {
  test.each([
    ['mcp.example.com', 'token'],
    ['*.example.com', 'token'],
    ['mcp.example.com:8443', 'notReleased'],
    ['example.com', 'notReleased'],
    ['other.example.com,mcp.example.com', 'token'],
  ])('of %s is a %s', (hosts, kind) => {
    expect(judged({}, { release: { hosts: hosts.split(',') } }).kind).toBe(kind);
  });

  test('names the host that it leaves out', () => {
    expect(judged({}, { release: { hosts: ['other.example.com'] } })).toEqual({
      kind: 'notReleased',
      message: 'This endpoint releases no tokens for mcp.example.com.',
      setting: 'RELEASE_HOSTS',
    });
  });

  test('is about tokens: a server that asks for no sign-in needs none', () => {
    const hosts = ['other.example.com'];
    expect(judged({ authRequired: 'False' }, { release: { hosts } })).toEqual({
      kind: 'open',
      url,
    });
  });
});

describe('no machine gets anything for', () => {
  test.each<[string, ServerFacts, RegExp]>([
    ['a server of type stdio', { type: 'stdio' }, /type stdio/],
    ['a suspended server', { suspended: true }, /suspended/],
    ['a server without a URL', { url: 'nowhere' }, /URL of the server is not valid/],
    [
      'a name inside the cluster',
      { url: 'https://mcp.tools.svc.cluster.local/mcp' },
      /^mcp\.tools\.svc\.cluster\.local is a name inside the cluster/,
    ],
    ['a server with headers of its own', { headers: { 'x-tenant': 'a' } }, /spec\.headers/],
    ['a URL with a user', { url: 'https://user@mcp.example.com/mcp' }, /user, a password or a/],
    ['a URL with a password', { url: 'https://:pw@mcp.example.com/mcp' }, /user, a password or a/],
    ['a URL with a query', { url: 'https://mcp.example.com/mcp?key=1' }, /or a query/],
  ])('%s, open or not', (_what, facts, message) => {
    expect(judged(facts)).toEqual(unusable(message));
    expect(judged({ ...facts, authRequired: 'False' })).toEqual(unusable(message));
  });

  test('http that is not loopback, also where probes may use it', () => {
    const http = { url: 'http://mcp.example.com/mcp' };
    expect(judged(http, { policy: { allowInsecure: true } })).toEqual(unusable(/https only/));
    expect(judged(http)).toEqual(
      unusable('Tokens are sent over https only. The URL of the server does not use https.'),
    );
    expect(judged({ ...http, authRequired: 'False' }).kind).toBe('open');
  });

  test.each(['127.0.0.1', '[::1]', 'localhost'])(
    'but http on %s never leaves the machine',
    (host) => {
      const local = { url: `http://${host}:8080/mcp` };
      expect(judged(local, { policy: { allowInsecure: true } }).kind).toBe('token');
      // In the cloud, loopback is not the loopback of the endpoint.
      expect(judged(local).kind).toBe('unusable');
    },
  );

  test('a server whose headers may route it elsewhere', () => {
    expect(judged({ headers: { Host: 'other.example.com' } }).kind).toBe('unusable');
  });
});

describe('single sign-on', () => {
  test('by forwarding: the machine has the token already', () => {
    const forwarding = {
      auth: anAuth({ forwardToken: true }),
      singleSignOn: 'forwarding' as const,
    };
    expect(judged(forwarding)).toEqual({ kind: 'forwarded', url });
    expect(judged(forwarding, { policy: { forwardHosts: [] } })).toMatchObject({
      kind: 'noSession',
      session: { status: 'Pending Auth', sso: 'Failed' },
    });
    expect(judged(forwarding, { release: { hosts: ['other.example.com'] } }).kind).toBe(
      'notReleased',
    );
  });

  test('by exchange: the token that was exchanged', () => {
    const exchanging = {
      auth: anAuth({ tokenExchange: exchange }),
      singleSignOn: 'exchange' as const,
    };
    expect(judged(exchanging, { grant: aGrant({ kind: 'exchange' }) }).kind).toBe('token');
    expect(judged(exchanging).kind).toBe('noSession');
  });
});

describe('without a session that works there is no token:', () => {
  const hint = 'muster auth login --server default/server-a';
  test('never signed in', () => {
    const server = protectedServer();
    expect(judgeRelease(server, person, undefined, now, { policy: allowed, release: on })).toEqual({
      kind: 'noSession',
      session: { status: 'Pending Auth', hint },
    });
  });

  test.each<[string, Partial<ReturnType<typeof aGrant>>, string]>([
    ['expired', { expiresAt: minutes(-1) }, 'Expired'],
    ['refused', { refused: { at: now, by: 'server', message: 'no' } }, 'Expired'],
    ['of another person', { person: { ...person, subject: 'grace' } }, 'Pending Auth'],
    ['of a server that was there before', { serverUid: 'uid-old' }, 'Pending Auth'],
    ['for another URL', { serverUrl: 'https://old.example.com/mcp' }, 'Pending Auth'],
    ['for other headers', { headersDigest: 'old' }, 'Pending Auth'],
  ])('%s', (_what, facts, status) => {
    expect(judged({ auth }, { grant: aGrant(facts) })).toMatchObject({
      kind: 'noSession',
      session: { status, hint },
    });
  });
});
