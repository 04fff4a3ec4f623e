/** The doctor: what was seen of a sign-in, link by link, in words. */
import { describe, expect, test } from 'vitest';
import type {
  Place,
  PlaceAnswer,
  ResourceReport,
} from '../../../functions/model/discovery-report.ts';
import { discoveryLinks, linkOf, signInCheck } from '../../../functions/sessions/sign-in-chain.ts';
import type {
  ClientOutlook,
  SignInObservation,
} from '../../../functions/sessions/sign-in-observation.ts';
import { protectedServer } from './build.ts';

const server = protectedServer({ namespace: 'team-a' });
const callback = 'https://muster.example.com/callback';
const issuer = 'https://issuer.example.com';
const target = {
  issuer,
  from: 'server',
  resource: 'https://mcp.example.com/mcp',
  scopes: [],
} as const;
const place = (
  of: Place['of'],
  address: string,
  answer: PlaceAnswer = { kind: 'usable' },
  facts: Partial<Place> = {},
): Place => ({ of, address, answer, ...facts });
const missing = { kind: 'httpStatus', status: 404 } as const;
const resource = (facts: Partial<ResourceReport> = {}): ResourceReport => ({
  challenge: { status: 401, schemes: ['bearer'] },
  places: [],
  ...facts,
});

/** Finding, message and details of each link. */
const links = (seen: SignInObservation) =>
  discoveryLinks(server, seen).map(({ finding, message, details }) =>
    [finding, message].concat((details ?? []).map(({ name, value }) => `${name}: ${value}`)),
  );

describe('the challenge', () => {
  const first = (report: Partial<ResourceReport>) => links({ resource: resource(report) })[0];
  test('that names the resource metadata is good', () => {
    const places = [
      place('server', 'https://mcp.example.com/a', missing),
      place('challenge', '/b'),
    ];
    expect(first({ places })).toEqual([
      'challenge-good',
      'The server answered HTTP 401 with a Bearer challenge that names the resource metadata.',
    ]);
  });
  test.each<[ResourceReport['challenge'], string, string]>([
    [
      { status: 401, schemes: ['bearer'] },
      'challenge-without-address',
      'The server answered HTTP 401 with a Bearer challenge without resource_metadata.',
    ],
    [
      { status: 401, schemes: [] },
      'challenge-missing',
      'The server answered HTTP 401 with no challenge, and no Bearer challenge.',
    ],
    [
      { status: 403, schemes: ['basic', 'digest'] },
      'challenge-missing',
      'The server answered HTTP 403 with only the challenges basic, digest, and no Bearer challenge.',
    ],
    [
      { status: 200, schemes: [] },
      'challenge-not-given',
      'The server answered HTTP 200 to a request without a token.',
    ],
    [{ schemes: [] }, 'challenge-not-given', 'The server answered to a request without a token.'],
  ])('%j', (challenge, finding, message) => {
    expect(first({ challenge })).toEqual([finding, message]);
  });
  test('of a server inside the cluster is not asked for', () => {
    expect(links({ target: { ...target, from: 'pin' } })[0]?.[0]).toBe('server-inside-cluster');
    expect(links({})).toEqual([]);
  });
});

describe('the resource metadata', () => {
  const good = place('server', 'https://mcp.example.com/good');
  const bad = place('challenge', 'https://mcp.example.com/bad', missing);
  const metadata = { resource: 'https://mcp.example.com/mcp', issuers: [issuer], scopes: [] };
  const second = (seen: SignInObservation) => links(seen)[1];
  test('at the first place is good, and every place is told but that of the origin', () => {
    const places = [good, bad, place('origin', 'https://mcp.example.com/origin', missing)];
    expect(second({ resource: resource({ places, metadata }) })).toEqual([
      'resource-metadata-good',
      'https://mcp.example.com/good is about this server and names its issuer.',
      'https://mcp.example.com/good: good',
      'https://mcp.example.com/bad: HTTP 404',
    ]);
  });
  test('at a later place is odd; the first good one counts', () => {
    const other = place('server', 'https://mcp.example.com/other');
    expect(
      second({ resource: resource({ places: [bad, good, other], metadata }) })?.slice(0, 2),
    ).toEqual([
      'resource-metadata-elsewhere',
      'https://mcp.example.com/good is good. A place that is asked before it is not.',
    ]);
  });
  test('that names no issuer is told, with where it was looked for', () => {
    expect(second({ resource: resource({ places: [bad], metadata }), target })).toEqual([
      'resource-metadata-without-issuer',
      expect.any(String),
      'https://mcp.example.com/bad: HTTP 404',
    ]);
  });
  test('that is nowhere is told where the issuer is known all the same', () => {
    const seen = { resource: resource({ places: [bad] }) };
    expect(second({ ...seen, target: { ...target, from: 'pin' } })?.[0]).toBe(
      'resource-metadata-missing',
    );
    expect(links(seen)).toHaveLength(1);
  });
  test('behind a redirect is told with where it led', () => {
    const moved = { ...good, redirectedTo: 'https://cdn.example.com/good' };
    expect(second({ resource: resource({ places: [moved], metadata }) })?.[2]).toBe(
      'https://mcp.example.com/good: good, after a redirect to https://cdn.example.com/good',
    );
  });
});

describe('the issuer', () => {
  const of = (seen: SignInObservation) => links(seen).find(([id]) => id?.startsWith('issuer-'));
  test('that the owner pinned is named with its field', () => {
    expect(of({ target: { ...target, from: 'pin' } })).toEqual([
      'issuer-pinned',
      `spec.auth.authorizationServer names ${issuer}.`,
    ]);
  });
  test.each<[issuers: string[] | undefined, more: string]>([
    [undefined, ''],
    [[issuer], ''],
    [[issuer, 'b', 'c'], ' It names 2 more.'],
  ])('that the server names is told, with how many others: %j', (issuers, more) => {
    const metadata = issuers && { resource: 'r', issuers, scopes: [] };
    const seen = metadata === undefined ? resource() : resource({ metadata });
    expect(of({ resource: seen, target })).toEqual([
      'issuer-named',
      `The server names ${issuer}.${more}`,
    ]);
  });
  test('that is the origin of the server is told with the places of the origin alone', () => {
    const places = [place('server', '/a', missing), place('origin', '/origin')];
    expect(of({ resource: resource({ places }), target: { ...target, from: 'origin' } })).toEqual([
      'issuer-by-origin',
      `The origin of the server names ${issuer}.`,
      '/origin: good',
    ]);
    expect(of({ target: { ...target, from: 'origin' } })).toHaveLength(2);
  });
});

describe('the metadata of the issuer', () => {
  const good = place('issuer', 'https://issuer.example.com/good');
  const bad = place('issuer', 'https://issuer.example.com/bad', missing);
  const metadata = (facts: Partial<NonNullable<SignInObservation['issuer']>>) =>
    links({
      issuer: { issuer, places: [good], named: issuer, pkce: 'listed', ...facts },
      target,
    }).slice(2);
  test('at the first place is good, with PKCE', () => {
    expect(metadata({})).toEqual([
      [
        'issuer-metadata-good',
        'https://issuer.example.com/good names this issuer.',
        'https://issuer.example.com/good: good',
      ],
      ['pkce-good', expect.any(String)],
    ]);
  });
  test('without a place that is known is told by its name', () => {
    expect(metadata({ places: [] })[0]).toEqual([
      'issuer-metadata-good',
      `${issuer} names this issuer.`,
    ]);
  });
  test('at a later place is odd; the last good one counts', () => {
    const first = place('issuer', 'https://issuer.example.com/first', missing);
    expect(metadata({ places: [first, good, bad] })[0]?.slice(0, 2)).toEqual([
      'issuer-metadata-elsewhere',
      'https://issuer.example.com/good is good. A place that is asked before it is not.',
    ]);
    const later = place('issuer', 'https://issuer.example.com/later');
    expect(metadata({ places: [good, later] })[0]?.[1]).toContain(
      'https://issuer.example.com/later',
    );
  });
  test('that writes its name with a slash more is odd', () => {
    expect(metadata({ named: `${issuer}/` }).map(([id]) => id)).toEqual([
      'issuer-metadata-good',
      'issuer-slash',
      'pkce-good',
    ]);
    expect(metadata({ named: `${issuer}/` })[1]?.[1]).toBe(
      `The server or its MCPServer names ${issuer}, and the issuer names itself ${issuer}/.`,
    );
  });
  test('whose PKCE is known by the setting says so', () => {
    expect(metadata({ pkce: 'bySetting' })[1]?.[0]).toBe('pkce-by-setting');
  });
  test('that cannot be used is no link of its own', () => {
    expect(links({ issuer: { issuer, places: [bad] } })).toEqual([]);
  });
});

describe('the client', () => {
  const rest = (client: ClientOutlook, more: SignInObservation = {}) => links({ client, ...more });
  const called = `Callback URL: ${callback}`;
  test.each<[ClientOutlook, string, string]>([
    [
      { kind: 'configured', clientId: 'c', callback },
      'client-configured',
      'OAUTH_CLIENTS has the client c.',
    ],
    [{ kind: 'document', clientId: 'c', callback }, 'client-document', 'The issuer reads c.'],
    [
      { kind: 'registered', clientId: 'c', callback },
      'client-registered',
      'muster is registered there as c.',
    ],
    [
      { kind: 'registrable', endpoint: `${issuer}/register`, callback },
      'client-registrable',
      `The next sign-in registers muster at ${issuer}/register.`,
    ],
    [
      { kind: 'unsupported', methods: ['tls', 'jwt'], callback },
      'client-authentication-unsupported',
      'The issuer requires tls, jwt.',
    ],
    [
      { kind: 'unsupported', methods: [], callback },
      'client-authentication-unsupported',
      'The issuer requires an unknown client authentication.',
    ],
  ])('%j', (client, finding, message) => {
    expect(rest(client)).toEqual([[finding, message, called]]);
  });
  test('that is missing is told with the setting to fill in', () => {
    const seen = { issuer: { issuer, places: [], named: issuer } };
    expect(rest({ kind: 'missing', callback }, seen).at(-1)?.slice(2)).toEqual([
      called,
      `OAUTH_CLIENTS: [{"issuer":"${issuer}","id":"CLIENT_ID","secret":"CLIENT_SECRET"}]`,
    ]);
  });
  test('leads to the request that the browser would send', () => {
    const request = `${issuer}/auth?client_id=c`;
    const client = { kind: 'registered', clientId: 'c', callback } as const;
    expect(rest(client, { authorizationRequest: request })[0]?.[0]).toBe('client-registered');
    expect(rest(client, { authorizationRequest: request }).at(-1)).toEqual([
      'authorization-request',
      expect.any(String),
      `URL: ${request}`,
    ]);
  });
});

test('a failure is the last link, with the places that it is about', () => {
  const seen: SignInObservation = {
    resource: resource({ places: [place('server', '/of-resource', missing)] }),
    issuer: { issuer, places: [place('issuer', '/of-issuer', missing)] },
  };
  const failed = (finding: 'no-issuer-named' | 'issuer-mismatch' | 'pkce-unsupported') =>
    links({ ...seen, failure: { finding, message: 'Why.' } });
  expect(failed('no-issuer-named')).toEqual([
    ['challenge-without-address', expect.any(String)],
    ['no-issuer-named', 'Why.', '/of-resource: HTTP 404'],
  ]);
  expect(failed('issuer-mismatch').at(-1)?.at(-1)).toBe('/of-issuer: HTTP 404');
  expect(failed('pkce-unsupported').at(-1)?.at(-1)).toBe('/of-issuer: HTTP 404');
  expect(links({ failure: { finding: 'no-issuer-named', message: 'Why.' } })).toEqual([
    ['no-issuer-named', 'Why.'],
  ]);
});

describe('a link', () => {
  test('has the texts of the table, with the name of the server and without marks', () => {
    const link = linkOf(server, 'not-signed-in');
    expect(link).toMatchObject({
      link: 'session',
      finding: 'not-signed-in',
      status: 'ok',
      page: '/sign-in/not-signed-in/',
    });
    expect(link).not.toHaveProperty('details');
    const { fix = '' } = linkOf(server, 'grant-ended');
    expect(fix).toMatch(
      / muster auth login --server team-a\/server-a[ .]|^Run: muster auth login --server team-a\/server-a/,
    );
    expect(fix).not.toMatch(/`|NAME/);
  });
  test('is bounded: 1,024 characters of text, 30 details of 32,768 each', () => {
    const { message, details = [] } = linkOf(
      server,
      'signed-in',
      'm'.repeat(2000),
      Array.from({ length: 40 }, () => ['n'.repeat(2000), 'v'.repeat(40_000)] as const),
    );
    expect([message.length, details.length]).toEqual([1024, 30]);
    expect([details[0]?.name.length, details[0]?.value.length]).toEqual([1024, 32_768]);
  });
});

test('a sign-in is possible unless a link before the session is broken', () => {
  const possible = (...findings: Parameters<typeof linkOf>[1][]) =>
    signInCheck(findings.map((finding) => linkOf(server, finding))).possible;
  expect([
    possible('challenge-good', 'grant-ended', 'token-refused'),
    possible('challenge-missing'),
    possible('challenge-good', 'pkce-unsupported'),
  ]).toEqual([true, true, false]);
});
