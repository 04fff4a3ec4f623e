import type { Refusal } from '../../world/issuer-quirks.ts';
import { handRegistered } from '../owner-settings.ts';
import type { Kind, WildCase } from '../wild-case.ts';
import type { Scene } from '../scene.ts';
import { expire } from './refresh.ts';

const circle = /--explain/;
const callback = /https?:\/\/127\.0\.0\.1:\d+\/v1\/oauth\/callback\/[\w-]{43}/;

const refused = (
  name: string,
  refusesRegistration: Refusal,
  says: readonly RegExp[],
): WildCase => ({
  name,
  issuer: { refusesRegistration },
  signIn: { code: 3, says: [/127\.0\.0\.1:\d+/, ...says], never: [circle] },
  session: 'Pending Auth',
});

/** An owner can register us by hand: the message has all that this takes. */
const byHand = [/OAUTH_CLIENTS/, callback] as const;

const registered = ({ issuer }: Scene): number =>
  issuer.asked.filter(({ path }) => path === '/register').length;

const signInStuck = async ({ type }: Scene): Promise<void> => {
  const { code } = await type('auth login --server wild');
  if (code === 0) throw new Error('The issuer should not have known the client.');
};

export const registrationKinds: readonly Kind[] = [
  {
    kind: 'the issuer lost our registration',
    cases: [
      // claude-code#4760: an error page and silence
      {
        name: 'an error page: the next sign-in registers anew',
        meanwhile: async (scene) => {
          scene.issuer.forgetClients();
          await signInStuck(scene);
        },
        secondSignIn: { code: 0 },
      },
      // claude-code#79505
      {
        name: 'the browser comes back with invalid_client: the next sign-in registers anew',
        meanwhile: async (scene) => {
          scene.issuer.become({ unknownClient: 'redirect' });
          scene.issuer.forgetClients();
          await signInStuck(scene);
        },
        secondSignIn: { code: 0 },
      },
      // hermes-agent#36767
      {
        name: 'invalid_client for the code: the next sign-in registers anew',
        issuer: { refusesCode: { status: 401, error: 'invalid_client' } },
        signIn: { code: 3, says: [/client/] },
        meanwhile: ({ issuer }) => issuer.become({ refusesCode: undefined }),
        secondSignIn: { code: 0 },
        holds: (scene) => {
          if (registered(scene) !== 2) throw new Error('It did not register anew.');
        },
      },
      // mcp-remote#36
      {
        name: 'invalid_client at the refresh: Expired, and the next sign-in works at once',
        issuer: { expiresIn: 1 },
        meanwhile: async (scene) => {
          scene.issuer.forgetClients();
          await expire(scene);
          const { stdout } = await scene.type('auth status --verify');
          if (!stdout.includes('Expired')) throw new Error('The session did not end.');
        },
        secondSignIn: { code: 0 },
      },
      // claude-code#84614
      {
        name: 'invalid_client at the sign-out: the next sign-in works at once',
        meanwhile: async ({ issuer, type }) => {
          issuer.forgetClients();
          await type('auth logout --server wild');
        },
        secondSignIn: { code: 0 },
      },
      {
        name: 'a command that waits in silence says after a minute what to do',
        issuer: { unknownClient: 'errorPage' },
        later: async ({ issuer, type }) => {
          issuer.forgetClients();
          const { stderr } = await type('auth login --server wild', {
            until: { says: /Still waiting/, ms: 75_000 },
          });
          if (!/Still waiting for the browser/.test(stderr))
            throw new Error('It said nothing for 75 s.');
        },
      },
    ],
  },
  {
    kind: 'the issuer refuses the registration',
    cases: [
      // contextstream/mcp-server#57
      refused(
        'invalid_redirect_uri',
        { error: 'invalid_redirect_uri', description: 'redirect_uri must be https' },
        [/invalid_redirect_uri|redirect_uri must be https/, ...byHand],
      ),
      // dnotitia/akb#635 (Keycloak)
      refused(
        "403 with Keycloak's policy",
        {
          status: 403,
          error: 'insufficient_scope',
          description: "Policy 'Trusted Hosts' rejected request to client-registration service.",
        },
        [/Trusted Hosts/, ...byHand],
      ),
      refused('401: it wants an initial access token', { status: 401, error: 'invalid_token' }, [
        /401|invalid_token/,
        ...byHand,
      ]),
      refused(
        'invalid_client_metadata',
        { error: 'invalid_client_metadata', description: 'unsupported grant_types' },
        [/unsupported grant_types|invalid_client_metadata/, ...byHand],
      ),
      refused('403 with HTML of a firewall', { status: 403, html: true }, [/403/]),
      refused('500: it is down', { status: 500, error: 'server_error' }, [/500|server_error/]),
    ],
  },
  {
    kind: 'the issuer has no registration',
    cases: [
      // microsoft/vscode#257415 (GitHub, Google, Entra ID)
      {
        name: 'no endpoint: the message has the setting and the callback',
        issuer: { noRegistration: true },
        signIn: { code: 3, says: [...byHand], never: [circle] },
        session: 'Pending Auth',
      },
      // mcp-hub#145 (Slack, HubSpot)
      {
        name: 'an endpoint that answers 404: the message has the setting and the callback',
        issuer: { refusesRegistration: { status: 404 } },
        signIn: { code: 3, says: [/404/, ...byHand], never: [circle] },
        session: 'Pending Auth',
      },
      {
        name: 'an endpoint that answers 405: the message has the setting and the callback',
        issuer: { refusesRegistration: { status: 405, html: true } },
        signIn: { code: 3, says: [/405/, ...byHand], never: [circle] },
        session: 'Pending Auth',
      },
      {
        name: 'a client with a secret that was registered by hand works',
        issuer: { noRegistration: true },
        settings: handRegistered('by-hand', 'the-secret-of-the-owner'),
      },
      {
        name: 'a public client that was registered by hand works',
        issuer: { noRegistration: true },
        settings: handRegistered('by-hand'),
      },
    ],
  },
  {
    kind: 'client metadata documents',
    cases: [
      {
        name: 'announced with none: our document is the client',
        secureEndpoint: true,
        issuer: { documents: 'read', authenticationMethods: ['none'] },
        holds: (scene) => {
          if (registered(scene) > 0) throw new Error('It registered.');
        },
      },
      // opencode#47743
      {
        name: 'announced without none: a registration with a secret',
        secureEndpoint: true,
        issuer: {
          documents: 'refused',
          authenticationMethods: ['client_secret_basic'],
          secretBy: 'client_secret_basic',
        },
      },
      {
        name: 'announced and refused with invalid_client: registered instead',
        secureEndpoint: true,
        issuer: { documents: 'refused', unknownClient: 'redirect' },
        signIn: { code: [0, 3] },
        secondSignIn: { code: 0 },
      },
      {
        name: 'announced and refused by an error page: registered instead',
        secureEndpoint: true,
        issuer: { documents: 'refused' },
        signIn: { code: [0, 'interrupted'] },
        secondSignIn: { code: 0 },
      },
      {
        name: 'announced without iss in the answers: a registration',
        secureEndpoint: true,
        issuer: { documents: 'read', noIss: true },
        holds: (scene) => {
          if (registered(scene) !== 1) throw new Error('It did not register.');
        },
      },
    ],
  },
];
