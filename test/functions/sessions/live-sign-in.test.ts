/** The sign-in on the live page, as far as it is decided: scopes, parameters, and which tokens count. */
import { expect, test } from 'vitest';
import {
  completeLiveSignIn,
  type LiveClient,
  liveParameters,
  liveScopes,
  type LiveSignInPorts,
  type PersonRedemption,
  resumeLiveSignIn,
  startLiveSignIn,
} from '../../../functions/sessions/live-sign-in.ts';
import type { BearerResult } from '../../../functions/sessions/person.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { now } from './build.ts';

const client: LiveClient = {
  clientId: 'muster-cli',
  redirectUri: 'https://muster.example.com/live/',
  scopes: ['openid', 'email'],
  optionalScopes: ['offline_access', 'groups'],
  parameters: { hd: 'example.com', state: 'of the owner' },
};
const signedIn = (nonce: string, subject = 'ada', token = 'id-token'): BearerResult => ({
  kind: 'valid',
  caller: aCaller(aPerson({ subject }), { claims: { nonce }, token }),
});
const away: BearerResult = { kind: 'issuerUnavailable', detail: 'no answer' };
const bad: BearerResult = { kind: 'invalid', message: 'The token has expired.' };
const unavailable = { kind: 'refused', why: 'unavailable', message: 'No answer.' } as const;
const redeemed: PersonRedemption = {
  kind: 'redeemed',
  accessToken: 'access-token',
  idToken: 'id-token',
};

type World = {
  readonly redemption?: PersonRedemption;
  readonly idToken?: BearerResult;
  readonly accessToken?: BearerResult;
  readonly resource?: string;
};

const ports = ({
  redemption = redeemed,
  idToken = signedIn('the-key'),
  accessToken = signedIn('', 'ada', 'access-token'),
  resource,
}: World = {}): LiveSignInPorts => ({
  issuer: {
    readFacts: async () => ({
      kind: 'known',
      authorizationEndpoint: 'https://login.example.com/auth?tenant=a',
      scopes: ['openid', 'groups'],
    }),
    redeem: async () => redemption,
  },
  client: resource === undefined ? client : { ...client, resource },
  audienceScopes: async () => ['audience:tools'],
  verify: async (token) => (token === 'access-token' ? accessToken : idToken),
  verifyIdToken: async () => idToken,
});

const wanted = { state: 's', challenge: 'c', nonce: 'the-key' };
const answer = { code: 'a-code', verifier: 'v', nonce: 'the-key' };

test('the address at the issuer has what it had, what the owner adds, and what carries the sign-in', async () => {
  const started = await startLiveSignIn(ports({ resource: 'https://muster.example.com' }), wanted);
  if (started.kind !== 'started') throw new Error(started.kind);
  const { origin, pathname, searchParams } = started.authorizationUrl;
  expect(origin + pathname).toBe('https://login.example.com/auth');
  expect(Object.fromEntries(searchParams)).toEqual({
    tenant: 'a',
    hd: 'example.com',
    response_type: 'code',
    client_id: 'muster-cli',
    redirect_uri: 'https://muster.example.com/live/',
    scope: 'openid email audience:tools groups',
    state: 's',
    nonce: 'the-key',
    code_challenge: 'c',
    code_challenge_method: 'S256',
    resource: 'https://muster.example.com',
  });
});

test('an issuer that cannot be used starts no sign-in', async () => {
  const { issuer, ...others } = ports();
  const broken = { ...others, issuer: { ...issuer, readFacts: async () => unavailable } };
  expect(await startLiveSignIn(broken, wanted)).toEqual(unavailable);
});

test.each([
  [{ added: [], listed: [] }, {}, ['openid', 'email']],
  [{ added: [], listed: ['offline_access', 'groups'] }, {}, ['openid', 'email', 'groups']],
  [{ added: ['a', 'email'], listed: ['groups'] }, {}, ['openid', 'email', 'a', 'groups']],
  [
    { added: ['a'], listed: ['groups'] },
    { fewerScopes: false },
    ['openid', 'email', 'a', 'groups'],
  ],
  [{ added: ['a'], listed: ['groups'] }, { fewerScopes: true }, ['openid', 'email', 'groups']],
  [{ added: [], listed: ['groups'] }, { fewerScopes: true }, ['openid', 'email']],
])('of the scopes %j, with %j, these are requested', (known, asked, scopes) => {
  expect(liveScopes(client, known, asked)).toEqual(scopes);
});

test('offline access is never requested, also where the owner names it', () => {
  const owner = { scopes: ['openid', 'offline_access'], optionalScopes: [] };
  expect(liveScopes(owner, { added: ['offline_access'], listed: [] }, {})).toEqual(['openid']);
});

test.each([
  [{}, {}],
  [{ access_type: 'offline', prompt: 'consent', hd: 'x' }, { hd: 'x' }],
  [{ access_type: 'offline', prompt: 'select_account' }, { prompt: 'select_account' }],
  [
    { access_type: 'online', prompt: 'consent' },
    { access_type: 'online', prompt: 'consent' },
  ],
  [{ prompt: 'consent' }, { prompt: 'consent' }],
])(
  'of the parameters %j of the owner, what asks for a refresh token is left out',
  (given, kept) => {
    expect(liveParameters(given)).toEqual(kept);
  },
);

test('a person is signed in with the ID token', async () => {
  const { expiresAt } = aPerson();
  expect(await completeLiveSignIn(ports(), answer)).toEqual({
    kind: 'signedIn',
    token: 'id-token',
    idToken: 'id-token',
    expiresAt,
  });
});

test('where the endpoint takes access tokens, with the access token, until that ends', async () => {
  const expiresAt = new Date('2030-01-01T00:00:00Z');
  const accessToken: BearerResult = { kind: 'valid', caller: aCaller(aPerson({ expiresAt })) };
  expect(await completeLiveSignIn(ports({ resource: 'r', accessToken }), answer)).toEqual({
    kind: 'signedIn',
    token: 'access-token',
    idToken: 'id-token',
    expiresAt,
  });
});

test.each<[string, World, object]>([
  ['the issuer refuses the code', { redemption: unavailable }, unavailable],
  [
    'there is no ID token',
    { redemption: { kind: 'redeemed', accessToken: 'access-token' } },
    { kind: 'unusable', message: 'The issuer gave no ID token.' },
  ],
  [
    'the ID token is bad',
    { idToken: bad },
    { kind: 'unusable', message: 'The token has expired.' },
  ],
  [
    'the keys of the issuer cannot be read',
    { idToken: away },
    { kind: 'refused', why: 'unavailable', message: 'no answer' },
  ],
  ['the nonce is another key', { idToken: signedIn('other') }, { kind: 'otherSignIn' }],
  [
    'the access token is bad',
    { resource: 'r', accessToken: bad },
    { kind: 'unusable', message: 'The token has expired.' },
  ],
  [
    'the access token is of another person',
    { resource: 'r', accessToken: signedIn('', 'grace') },
    { kind: 'unusable', message: 'The access token belongs to another person.' },
  ],
  [
    'the access token is of another issuer',
    {
      resource: 'r',
      accessToken: { kind: 'valid', caller: aCaller(aPerson({ issuer: 'https://x.example.com' })) },
    },
    { kind: 'unusable', message: 'The access token belongs to another person.' },
  ],
])('no person is signed in if %s', async (_, world, result) => {
  expect(await completeLiveSignIn(ports(world), answer)).toEqual(result);
});

test.each<[string, BearerResult, string | undefined, object]>([
  ['no token', signedIn(''), undefined, { kind: 'ended' }],
  ['a token that is bad', bad, 'kept', { kind: 'ended' }],
  ['a token that cannot be verified now', away, 'kept', { kind: 'unavailable' }],
  [
    'a token that ends now',
    { kind: 'valid', caller: aCaller(aPerson({ expiresAt: now })) },
    'kept',
    { kind: 'ended' },
  ],
  [
    'a token that ends later',
    { kind: 'valid', caller: aCaller(aPerson({ expiresAt: new Date(now.getTime() + 1) })) },
    'kept',
    { kind: 'resumed', token: 'kept', expiresAt: new Date(now.getTime() + 1) },
  ],
])('a reload with %s', async (_, verified, token, result) => {
  const verify = async () => verified;
  expect(await resumeLiveSignIn({ verify, now: () => now }, token)).toEqual(result);
});
