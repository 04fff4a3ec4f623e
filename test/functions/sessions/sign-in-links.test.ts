/** `muster check NAME --sign-in` with scripted ports: which links a person gets, and in which words. */
import { describe, expect, test } from 'vitest';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { checkSignIn, type CheckSignInPorts } from '../../../functions/sessions/check-sign-in.ts';
import type { Grant, StoredGrant } from '../../../functions/sessions/grant.ts';
import { nothingAllowed } from '../../../functions/sessions/policy.ts';
import type { SignInObservation } from '../../../functions/sessions/sign-in-observation.ts';
import type { VerificationResult } from '../../../functions/sessions/verification.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { anAuth } from '../../world/server.ts';
import { aGrant, allowed, exchange, minutes, now, protectedServer } from './build.ts';

const person = aPerson({
  issuer: 'https://login.example.com',
  subject: 'ada',
  expiresAt: minutes(30),
});
const target = {
  issuer: 'https://issuer.example.com',
  from: 'pin',
  resource: 'https://mcp.example.com/mcp',
  scopes: [],
} as const;
const answered = (status: number): SignInObservation => ({
  resource: { challenge: { status, schemes: [] }, places: [] },
});

type World = {
  readonly seen?: SignInObservation;
  readonly held?: StoredGrant;
  readonly answer?: VerificationResult;
  readonly ports?: Partial<CheckSignInPorts>;
  readonly expiresAt?: Date;
};

async function checked(server: McpServer, world: World = {}) {
  const sent: string[] = [];
  const { links, possible } = await checkSignIn(
    {
      policy: allowed,
      now: () => now,
      getGrant: async () => world.held,
      verifyToken: async (_server, token) => {
        sent.push(token);
        return world.answer ?? { kind: 'accepted' };
      },
      inspectSignIn: async () => world.seen ?? answered(401),
      ...world.ports,
    },
    server,
    aCaller({ ...person, expiresAt: world.expiresAt ?? person.expiresAt }, { token: 'own-token' }),
  );
  const told = links.map(({ finding, message, details }) => [
    finding,
    message,
    ...(details ?? []).map(({ name, value }) => `${name}: ${value}`),
  ]);
  return { told, findings: links.map(({ finding }) => finding), links, possible, sent };
}

test('a stdio server, and one whose URL no token may go to, end at once', async () => {
  expect((await checked(protectedServer({ type: 'stdio' }))).findings).toEqual(['stdio-server']);
  const clear = await checked(protectedServer({ url: 'http://mcp.example.com/mcp' }));
  expect(clear.told).toEqual([
    [
      'server-url-unusable',
      'Tokens are sent over https only. The URL of the server does not use https.',
    ],
  ]);
});

describe('whether a sign-in is asked for', () => {
  const open = protectedServer({ authRequired: 'False' });
  test.each([
    [open, answered(200), ['no-sign-in-needed']],
    [open, answered(401), ['challenge-missing', 'not-signed-in']],
    [open, answered(403), ['challenge-missing', 'not-signed-in']],
    [open, answered(402), ['no-sign-in-needed']],
    [protectedServer(), answered(200), ['challenge-not-given', 'not-signed-in']],
    [
      open,
      { ...answered(200), target },
      ['sign-in-not-declared', 'challenge-not-given', 'resource-metadata-missing', 'issuer-pinned'],
    ],
    [open, { target }, ['sign-in-not-declared', 'server-inside-cluster', 'issuer-pinned']],
  ] as const)('is told by what is known and what was seen', async (server, seen, findings) => {
    expect((await checked(server, { seen })).findings).toEqual(findings);
  });
});

test('a server that asks for a sign-in and names its issuer is as it was declared', async () => {
  const { findings } = await checked(protectedServer(), { seen: { ...answered(401), target } });
  expect(findings).toEqual([
    'challenge-missing',
    'resource-metadata-missing',
    'issuer-pinned',
    'not-signed-in',
  ]);
});

describe('forwarding', () => {
  const forwarding = (requiredAudiences: readonly string[] = []) =>
    protectedServer({ auth: anAuth({ forwardToken: true, requiredAudiences }) });
  test('sends the own token once, and says until when it is good', async () => {
    const { told, sent } = await checked(forwarding());
    expect(told).toEqual([
      [
        'forwarding-allowed',
        `Your own token may be forwarded to mcp.example.com. It ends at ${minutes(30).toISOString()}.`,
      ],
      ['token-accepted', 'mcp.example.com accepted a request with your token.'],
    ]);
    expect(sent).toEqual(['own-token']);
  });
  test('names the audiences that the server requires', async () => {
    const { told } = await checked(forwarding(['muster-cli', 'muster-cli']));
    expect(told[0]?.at(-1)).toBe('requiredAudiences: muster-cli, muster-cli');
  });
  test('that the owner did not allow, with an ended token or a missing audience sends nothing', async () => {
    const refused = await checked(forwarding(), { ports: { policy: nothingAllowed } });
    expect([refused.findings, refused.sent]).toEqual([['sso-refused'], []]);
    expect(refused.told[0]?.[1]).toContain('FORWARD_HOSTS');
    const ended = await checked(forwarding(), { expiresAt: now });
    expect([ended.findings, ended.sent]).toEqual([['sso-token-expired'], []]);
    const lacking = await checked(forwarding(['other']));
    expect(lacking.links).toMatchObject([{ finding: 'sso-audience-missing', fixedBy: 'you' }]);
    const closed = { ...allowed, audienceNamespaces: [] };
    const owner = await checked(forwarding(['other']), { ports: { policy: closed } });
    expect(owner.links).toMatchObject([
      {
        finding: 'sso-audience-missing',
        fixedBy: 'muster',
        fix: expect.stringContaining('AUDIENCE_NAMESPACES'),
      },
    ]);
  });
});

describe('token exchange', () => {
  const exchanging = (facts: object = {}) =>
    protectedServer({ auth: anAuth({ tokenExchange: { ...exchange, ...facts } }) });
  test('names where and with what it is done, and asks the issuer nothing', async () => {
    expect((await checked(exchanging())).told).toEqual([
      [
        'exchange-allowed',
        expect.any(String),
        'Token endpoint: https://issuer.example.com/token',
        'connectorId: muster',
        'Secret: none',
      ],
      ['not-signed-in', 'You are not signed in to default/server-a.'],
    ]);
    const secret = exchanging({ clientCredentialsSecretRef: { name: 'client' } });
    expect((await checked(secret)).told[0]?.at(-1)).toBe('Secret: default/client');
  });
  test('that the owner did not allow, or with an ended token, ends there', async () => {
    const refused = await checked(exchanging(), { ports: { policy: nothingAllowed } });
    expect(refused.findings).toEqual(['sso-refused']);
    expect((await checked(exchanging(), { expiresAt: now })).findings).toEqual([
      'sso-token-expired',
    ]);
  });
});

describe('the session', () => {
  const server = protectedServer();
  const held = (facts: Partial<Grant> = {}, tokens = { accessToken: 'access-1' }): StoredGrant => ({
    grant: aGrant({ headersDigest: server.headersDigest, ...facts }),
    tokens,
    generation: 'generation-1',
  });
  const rest = async (world: World) => (await checked(server, world)).told.slice(1);

  test('that is good is told with its facts, and the token is sent once', async () => {
    expect(
      await rest({ held: held({ scopes: ['mcp', 'read'], lastVerified: minutes(-1) }) }),
    ).toEqual([
      [
        'signed-in',
        expect.any(String),
        'Issuer: https://issuer.example.com',
        'Scopes: mcp read',
        `Expires: ${minutes(60).toISOString()}`,
        'Refreshable: no',
        `Last verified: ${minutes(-1).toISOString()}`,
      ],
      ['token-accepted', 'mcp.example.com accepted a request with your token.'],
    ]);
    const { expiresAt: _, ...forever } = aGrant({ headersDigest: server.headersDigest });
    const plain = { ...held(), grant: { ...forever, scopes: [], refreshable: true } };
    expect((await rest({ held: plain }))[0]?.slice(3)).toEqual([
      'Scopes: none',
      'Expires: unknown',
      'Refreshable: yes',
      'Last verified: never',
    ]);
  });
  test('that is over is told with the reason, and no token is sent', async () => {
    const at = { at: now, by: 'issuer' as const };
    const refused = await checked(server, { held: held({ refused: { ...at, message: 'Over.' } }) });
    expect([refused.told.at(-1)?.slice(0, 2), refused.sent]).toEqual([
      ['grant-ended', 'Over.'],
      [],
    ]);
    expect(refused.told.at(-1)).toContain('Issuer: https://issuer.example.com');
    const { tokens: _, ...sealed } = held();
    expect((await rest({ held: sealed })).at(-1)?.slice(0, 2)).toEqual([
      'grant-ended',
      'The stored tokens cannot be decrypted.',
    ]);
    const another = held({ person: { issuer: 'https://login.example.com', subject: 'bob' } });
    expect((await rest({ held: another })).at(-1)?.[0]).toBe('not-signed-in');
  });
  test.each([
    [true, 'It can be refreshed.'],
    [false, 'It cannot be refreshed.'],
  ])('that has expired says whether it can be refreshed: %j', async (refreshable, words) => {
    const told = await rest({ held: held({ expiresAt: now, refreshable }) });
    expect(told.map((link) => link.slice(0, 2))).toEqual([
      ['grant-expired', `Your token expired at ${now.toISOString()}. ${words}`],
    ]);
    expect(told[0]).toContain('Scopes: mcp');
  });
  test.each<[VerificationResult, string, string]>([
    [{ kind: 'refused', message: 'No.' }, 'token-refused', 'No.'],
    [{ kind: 'unclear', message: 'HTTP 500.' }, 'token-unclear', 'HTTP 500.'],
    [
      { kind: 'insufficientScope', scopes: ['a', 'b'] },
      'token-refused',
      'The server requires more scopes: a b.',
    ],
    [
      { kind: 'insufficientScope', scopes: [] },
      'token-refused',
      'The server requires more scopes: it does not name them.',
    ],
  ])('whose token the server answers with %j', async (answer, finding, message) => {
    const { told, possible, sent } = await checked(server, { held: held(), answer });
    expect(told.at(-1)).toEqual([finding, message]);
    expect([possible, sent]).toEqual([true, ['access-1']]);
  });
});
