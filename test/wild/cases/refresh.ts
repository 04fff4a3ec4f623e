import { setTimeout as wait } from 'node:timers/promises';
import type { Refusal } from '../../world/issuer-quirks.ts';
import { handRegistered } from '../owner-settings.ts';
import type { Kind, WildCase } from '../wild-case.ts';
import type { Scene } from '../scene.ts';

const oneSecond = { expiresIn: 1 } as const;

/** The access tokens of one second have expired, for the server as for us. */
export async function expire({ issuer }: Scene): Promise<void> {
  await wait(1_100);
  issuer.endAccessTokens();
}

/** From then on the issuer answers a refresh so. */
const refusing = (refusesRefresh: Refusal): Pick<WildCase, 'issuer' | 'later'> => ({
  issuer: oneSecond,
  later: async (scene) => {
    scene.issuer.become({ refusesRefresh });
    await expire(scene);
  },
});

const ends = (name: string, refusal: Refusal): WildCase => ({
  name,
  ...refusing(refusal),
  session: 'Expired',
  problem: [/refused|refresh/i],
});

const keeps = (name: string, refusal: Refusal, says: RegExp): WildCase => ({
  name,
  ...refusing(refusal),
  session: 'Authenticated',
  problem: [/refresh/i, says],
});

export const refreshKinds: readonly Kind[] = [
  {
    kind: 'a refresh that the issuer refuses',
    cases: [
      // lelylan/simple-oauth2#459 (GitHub)
      ends('200 with error bad_refresh_token ends the grant', {
        status: 200,
        error: 'bad_refresh_token',
        description: 'The refresh token passed is incorrect or expired.',
      }),
      // metabase#80389
      ends('400 invalid_request ends the grant', { error: 'invalid_request' }),
      // Softeria/ms-365-mcp-server#485 (Entra ID)
      ends('400 interaction_required ends the grant', {
        error: 'interaction_required',
        description: 'AADSTS50076: you must use multi-factor authentication.',
      }),
      // obot#7501
      ends('400 with a code of its own ends the grant', { error: 'token_expired' }),
      ends('400 invalid_grant ends the grant', { error: 'invalid_grant' }),
      ends('401 with an error in JSON ends the grant', { status: 401, error: 'access_denied' }),
      ends('403 with an error in JSON ends the grant', { status: 403, error: 'consent_required' }),
      ends('400 without a body ends the grant', { status: 400 }),
    ],
  },
  {
    kind: 'a refresh that fails for a while',
    cases: [
      keeps('429 slow_down keeps the grant', { status: 429, error: 'slow_down' }, /429|slow_down/),
      keeps('429 with HTML keeps the grant', { status: 429, html: true }, /429/),
      keeps('408 keeps the grant', { status: 408, error: 'invalid_request' }, /408/),
      keeps(
        '400 temporarily_unavailable keeps the grant',
        { error: 'temporarily_unavailable' },
        /temporarily_unavailable/,
      ),
      keeps('400 server_error keeps the grant', { error: 'server_error' }, /server_error/),
      keeps('503 keeps the grant', { status: 503, error: 'unavailable' }, /503/),
      keeps('403 with HTML of a firewall keeps the grant', { status: 403, html: true }, /403/),
      keeps('a connection that is cut keeps the grant', { hangUp: true }, /./),
      {
        name: 'invalid_client of a client registered by hand keeps the grant and names it',
        ...refusing({ status: 401, error: 'invalid_client' }),
        settings: handRegistered('by-hand', 'the-secret-of-the-owner'),
        problem: [/invalid_client|OAUTH_CLIENTS/],
      },
    ],
  },
  {
    kind: 'resource is refused at the refresh',
    cases: [
      // python-sdk#2578
      {
        name: 'invalid_target: refreshed without resource',
        issuer: {
          ...oneSecond,
          refusesResource: { at: 'refresh', description: 'AADSTS9010010: do not match' },
        },
        later: expire,
      },
      // csharp-sdk#1587
      {
        name: 'invalid_request: refreshed without resource',
        issuer: { ...oneSecond, refusesResource: { at: 'refresh', error: 'invalid_request' } },
        later: expire,
      },
      {
        name: 'a code of its own: refreshed without resource',
        issuer: { ...oneSecond, refusesResource: { at: 'refresh', error: 'resource_mismatch' } },
        later: expire,
      },
      // Entra ID compares the scopes with the resource of the grant.
      {
        name: 'an issuer that wants the scopes again gets them',
        issuer: { ...oneSecond, wantsScopesAtRefresh: true, scopes: ['mcp'] },
        server: { scopes: ['mcp'] },
        later: expire,
      },
      {
        name: 'both: scopes again, and no resource',
        issuer: {
          ...oneSecond,
          wantsScopesAtRefresh: true,
          scopes: ['mcp'],
          refusesResource: { at: 'refresh' },
        },
        server: { challengeScopes: 'mcp' },
        later: expire,
      },
    ],
  },
];
