import type { IssuerQuirks } from '../../world/issuer-quirks.ts';
import { issuerRule } from '../owner-settings.ts';
import type { Kind, WildCase } from '../wild-case.ts';
import type { Scene } from '../scene.ts';
import { expire } from './refresh.ts';

const works = (name: string, issuer: IssuerQuirks): WildCase => ({ name, issuer });

/** The parameters of the last authorization request. */
const requested = ({ issuer }: Scene): Readonly<Record<string, string>> =>
  issuer.asked.findLast(({ path }) => path === '/authorize')?.parameters ?? {};

const cleanly =
  (...never: readonly RegExp[]) =>
  (says: readonly RegExp[]): Pick<WildCase, 'signIn' | 'session'> => ({
    signIn: { code: 3, says, never },
    session: 'Pending Auth',
  });

export const answerKinds: readonly Kind[] = [
  {
    kind: 'what an issuer says is tidied first',
    cases: [
      // open-metadata/OpenMetadata#30642
      works('null for everything that is not set', {
        nulls: true,
        noIss: true,
        noRevocation: true,
      }),
      { name: 'null in the metadata of the server', server: { nulls: true } },
      // GluuFederation/oxAuth#1780
      works('registration with 200', { registrationStatus: 200 }),
      works('registration with 202', { registrationStatus: 202 }),
      works('tokens with 201', { tokenStatus: 201 }),
      works('tokens without token_type', { tokenMembers: { token_type: undefined } }),
      works('token_type BEARER', { tokenMembers: { token_type: 'BEARER' } }),
      works('expires_in as text', { expiresIn: '3600' }),
      works('expires_in null', { expiresIn: null }),
      works('expires_in beyond every date', { expiresIn: 1e300 }),
      works('an empty scope', { tokenMembers: { scope: '' } }),
      works('scope as a list', { tokenMembers: { scope: ['mcp', 'tools'] } }),
      works('refresh_token as empty text', { tokenMembers: { refresh_token: '' } }),
      works('a secret by client_secret_post', {
        secretBy: 'client_secret_post',
        authenticationMethods: ['client_secret_post'],
      }),
      {
        name: 'token_type DPoP is refused',
        declined: 'such a token needs a proof that we do not make',
        issuer: { tokenMembers: { token_type: 'DPoP' } },
        signIn: { code: 3 },
        session: 'Pending Auth',
      },
      {
        name: 'tokens without access_token are refused',
        declined: 'there is nothing to use',
        issuer: { tokenMembers: { access_token: undefined } },
        signIn: { code: 3 },
        session: 'Pending Auth',
      },
    ],
  },
  {
    kind: 'an ID token that nobody reads',
    cases: [
      // UsefulSoftwareCo/executor#527
      works('signed with ES256', { strayIdToken: 'es256' }),
      // panva/openid-client#454
      works('of a clock that is 40 s ahead', { strayIdToken: 'ahead' }),
      works('that is no JWT', { strayIdToken: 'garbage' }),
      works('for another client', { strayIdToken: 'otherAudience' }),
      works('that is null', { strayIdToken: 'null' }),
      {
        name: 'also at the refresh',
        issuer: { strayIdToken: 'ahead', expiresIn: 1 },
        later: expire,
      },
    ],
  },
  {
    kind: 'a refresh token takes more than a sign-in',
    cases: [
      // SEP-2207, oh-my-pi#9909
      {
        name: 'offline_access is requested where the issuer lists it',
        issuer: { refreshFor: 'offline_access', scopes: ['mcp', 'offline_access'], expiresIn: 1 },
        server: { scopes: ['mcp'] },
        later: expire,
      },
      // medplum#9183
      {
        name: 'with prompt=consent where the sign-in is one of OpenID',
        issuer: {
          refreshFor: 'consent',
          scopes: ['openid', 'mcp', 'offline_access'],
          announces: { prompt_values_supported: ['none', 'login', 'consent'] },
          expiresIn: 1,
        },
        server: { scopes: ['openid', 'mcp'] },
        later: expire,
      },
      {
        name: 'offline_access is not requested where the issuer does not list it',
        issuer: { refreshFor: 'never', scopes: ['mcp'] },
        server: { scopes: ['mcp'] },
        holds: (scene) => {
          if (requested(scene)['scope']?.includes('offline_access'))
            throw new Error('It was requested.');
        },
      },
      {
        name: 'access_type=offline where the owner set it (Google)',
        issuer: { refreshFor: 'access_type', expiresIn: 1 },
        settings: issuerRule({ parameters: { access_type: 'offline' } }),
        later: expire,
      },
      {
        name: 'offline_access where the owner set it, unlisted',
        issuer: { refreshFor: 'offline_access', expiresIn: 1 },
        settings: issuerRule({ scopes: ['offline_access'] }),
        later: expire,
      },
      {
        name: 'no resource where the owner set noResource',
        issuer: { refusesResource: { at: 'always' }, expiresIn: 1 },
        settings: issuerRule({ noResource: true }),
        later: expire,
      },
    ],
  },
  {
    kind: 'the browser comes back with an error',
    cases: [
      // formbricks#8406
      {
        name: 'access_denied with a description',
        issuer: {
          declines: { error: 'access_denied', description: 'User is not assigned to the client.' },
        },
        ...cleanly()([/wild/, /127\.0\.0\.1:\d+/, /User is not assigned to the client/]),
      },
      {
        name: 'invalid_scope: the message says what was requested',
        issuer: { scopes: ['tools'] },
        server: { scopes: ['mcp'] },
        ...cleanly()([/127\.0\.0\.1:\d+/, /mcp/, /Unrecognized scope/]),
      },
      {
        name: 'a description with control characters is cleaned',
        issuer: {
          declines: {
            error: 'access_denied',
            description: 'No\u001b[31m seat\u202e left\r\nError: forged',
          },
        },
        // eslint-disable-next-line no-control-regex
        ...cleanly(/\u001b/, /\u202e/, /^Error: forged/m)([/No.*seat.*left/]),
      },
      {
        name: 'a code of its own with a description',
        issuer: { declines: { error: 'license_required', description: 'Ask for a seat.' } },
        ...cleanly()([/127\.0\.0\.1:\d+/, /Ask for a seat/]),
      },
      {
        name: 'temporarily_unavailable without a description',
        issuer: { declines: { error: 'temporarily_unavailable' } },
        ...cleanly()([/127\.0\.0\.1:\d+/, /temporarily_unavailable/]),
      },
      {
        name: 'invalid_target of an issuer without resource indicators: the message names ISSUERS',
        issuer: { refusesResource: { at: 'always' } },
        ...cleanly()([/invalid_target|AADSTS9010010/, /ISSUERS|resource/]),
      },
    ],
  },
];
