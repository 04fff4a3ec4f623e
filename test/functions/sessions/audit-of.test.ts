/** Which results of the session flows are security events, and what they say about whom. */
import { expect, test } from 'vitest';
import {
  aboutServer,
  callbackEvent,
  completeEvent,
  releaseEvent,
  startEvent,
  verifyEvent,
} from '../../../functions/sessions/audit-of.ts';
import type { SignIn } from '../../../functions/sessions/pending-sign-in.ts';
import { nothingAllowed } from '../../../functions/sessions/policy.ts';
import { anAuth } from '../../world/server.ts';
import { aPerson } from '../../world/person.ts';
import { aGrant, allowed, minutes, protectedServer } from './build.ts';

const person = { issuer: 'https://login.example.com', subject: 'ada' };
const about = { person, serverUid: 'uid-a' };
const signIn: SignIn = {
  starter: person,
  starterName: 'ada@example.com',
  serverUid: 'uid-a',
  serverName: 'default/server-a',
  serverUrl: 'https://mcp.example.com/mcp',
  headersDigest: '',
  request: {
    issuer: 'https://issuer.example.com',
    clientId: 'muster',
    redirectUri: 'https://muster.example.com/callback',
    resource: 'https://mcp.example.com/mcp',
    scopes: [],
    verifier: 'verifier',
    isNamed: false,
  },
  expiresAt: minutes(10),
};

test('an event names the identity of the person and the uid of the server, and nothing else', () => {
  const ada = { ...aPerson(), ...person, email: 'ada@example.com' };
  expect(aboutServer(ada, protectedServer())).toEqual(about);
});

test('a start that the issuer or the policy refuses is an event; one that goes on is none', () => {
  expect(startEvent(about, { kind: 'refused', message: '' })).toEqual({
    kind: 'signInRefused',
    ...about,
    reason: 'notStarted',
  });
  expect(startEvent(about, { kind: 'noTokens', reason: 'clearText', message: '' })).toEqual({
    kind: 'signInRefused',
    ...about,
    reason: 'policy',
  });
  const authorizationUrl = new URL('https://issuer.example.com');
  for (const started of [
    { kind: 'started', authorizationUrl, expiresAt: minutes(10) },
    { kind: 'badReturnTo' },
    { kind: 'nothingToSignInTo', message: '' },
  ] as const)
    expect(startEvent(about, started)).toBeUndefined();
});

test('a browser that comes back with a refusal, from another issuer or with an unknown state is an event', () => {
  expect(callbackEvent({ kind: 'parked', signIn, secret: 's' })).toBeUndefined();
  const refused = { kind: 'signInRefused', person, serverUid: 'uid-a' };
  expect(callbackEvent({ kind: 'declined', signIn, message: '' })).toEqual({
    ...refused,
    reason: 'declined',
  });
  expect(callbackEvent({ kind: 'notNamed', signIn })).toEqual({
    ...refused,
    reason: 'anotherIssuer',
  });
  expect(callbackEvent({ kind: 'unknown' })).toEqual({
    kind: 'signInRefused',
    reason: 'unknownState',
  });
});

test('each end of a completion is an event', () => {
  expect(completeEvent(about, { kind: 'completed' })).toEqual({
    kind: 'signInCompleted',
    ...about,
  });
  const refused = { kind: 'signInRefused', ...about };
  expect(completeEvent(about, { kind: 'unknown' })).toEqual({
    ...refused,
    reason: 'unknownSecret',
  });
  expect(completeEvent(about, { kind: 'serverChanged' })).toEqual({
    ...refused,
    reason: 'serverChanged',
  });
  expect(completeEvent(about, { kind: 'refused', message: '' })).toEqual({
    ...refused,
    reason: 'byIssuer',
  });
});

test('single sign-on that is refused is an event that says by whom', () => {
  const forwarding = protectedServer({ auth: anAuth({ forwardToken: true }) });
  const exchange = protectedServer({
    auth: anAuth({
      tokenExchange: {
        enabled: true,
        dexTokenEndpoint: 'https://issuer.example.com/token',
        connectorId: 'muster',
        scopes: 'openid',
      },
    }),
  });
  const by = (who: 'server' | 'issuer') => ({
    grant: aGrant({ refused: { at: minutes(0), by: who, message: '' } }),
  });
  expect(verifyEvent(person, forwarding, by('server'), allowed)).toEqual({
    kind: 'forwardingRefused',
    ...about,
    reason: 'server',
  });
  expect(verifyEvent(person, exchange, by('issuer'), allowed)).toEqual({
    kind: 'exchangeRefused',
    ...about,
    reason: 'issuer',
  });
  expect(verifyEvent(person, forwarding, {}, nothingAllowed)).toMatchObject({ reason: 'policy' });
  expect(verifyEvent(person, forwarding, { grant: aGrant() }, allowed)).toBeUndefined();
  expect(verifyEvent(person, protectedServer(), by('server'), allowed)).toBeUndefined();
});

test('a release says which machine got what, without scopes that repeat the token', () => {
  const accessToken = ['abcdefgh', '12345678', 'ijklmnop'].join('-');
  const released = (scopes: readonly string[]) =>
    releaseEvent(about, 'thumbprint', {
      kind: 'released',
      url: 'https://mcp.example.com/mcp',
      grant: aGrant({ scopes }),
      accessToken,
      generation: 'one',
      refreshed: true,
    });
  const event = {
    kind: 'tokenReleased',
    ...about,
    thumbprint: 'thumbprint',
    expiresAt: minutes(60),
    refreshed: true,
  };
  expect(released(['mcp', 'email'])).toEqual({ ...event, scopes: ['mcp', 'email'] });
  expect(released(['mcp', accessToken, 'abcdefgh'])).toEqual({ ...event, scopes: ['mcp'] });
  // Short pieces that follow one another.
  expect(released(['abc', 'def', 'gh1'])).toEqual({ ...event, scopes: [] });
});
