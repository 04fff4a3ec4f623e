import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../../functions/model/setting-reader.ts';
import type { IssuerQuirks } from '../../world/issuer-quirks.ts';
import { issuerRule } from '../owner-settings.ts';
import type { Kind, WildCase } from '../wild-case.ts';
import type { Facts, Scene } from '../scene.ts';

/** Token exchange as the owner declares it for a Dex. */
const exchanged =
  (more: Readonly<Record<string, unknown>> = {}) =>
  ({ issuer }: Facts): object => ({
    type: 'oauth',
    tokenExchange: {
      enabled: true,
      dexTokenEndpoint: `${issuer.url}/token`,
      connectorId: 'muster',
    },
    ...more,
  });

const allowed = ({ issuer }: Facts): Environment => ({
  EXCHANGE_ISSUERS: issuer.url,
  FORWARD_HOSTS: '127.0.0.1,127.0.0.1:*',
});

const byExchange = (offered: NonNullable<IssuerQuirks['exchange']>) =>
  ({
    https: true,
    issuer: { exchange: offered },
    auth: exchanged(),
    settings: allowedHere,
    signIn: 'none',
  }) as const satisfies Partial<WildCase>;

/** The one host of the server, with its port. */
const allowedHere = (facts: Facts): Environment => ({
  ...allowed(facts),
  FORWARD_HOSTS: new URL(facts.mcp.url).host,
});

const list = async ({ type }: Scene): Promise<string> => (await type('list mcpserver')).stdout;

export const singleSignOnKinds: readonly Kind[] = [
  {
    kind: 'the life of an exchanged token',
    cases: [
      // A real Dex: tokens of 10 to 30 minutes
      {
        name: 'a token that has ended is exchanged again: the session goes on',
        ...byExchange({ expiresIn: 1 }),
        session: 'Authenticated [SSO: Exchanged]',
        holds: async (scene) => {
          await wait(1_100);
          if (!(await list(scene)).includes('Authenticated [SSO: Exchanged]'))
            throw new Error('Between two exchanges the session is not Authenticated.');
        },
      },
      {
        name: 'a token of two minutes is no reason to warn',
        ...byExchange({ expiresIn: 120 }),
        session: 'Authenticated [SSO: Exchanged]',
        holds: async ({ type }) => {
          const { stdout } = await type('auth status');
          if (/less than 5 minutes|cannot be refreshed/.test(stdout)) throw new Error(stdout);
        },
      },
      {
        name: 'an issuer that is down for a while does not end the session',
        ...byExchange({ expiresIn: 1 }),
        later: async ({ issuer }) => {
          issuer.become({ exchange: { refuses: { status: 503, html: true } } });
          await wait(1_100);
        },
        session: 'Authenticated [SSO: Exchanged]',
        verify: { code: 0, says: [/503/] },
      },
    ],
  },
  {
    kind: 'single sign-on that failed',
    cases: [
      {
        name: "a refused exchange says the issuer's sentence and advises no sign-in",
        ...byExchange({
          refuses: { status: 403, error: 'access_denied', description: 'connector is not allowed' },
        }),
        session: 'Pending Auth [SSO: Failed]',
        verify: { code: [0, 2], says: [/connector is not allowed/], never: [/login --server/] },
      },
      {
        name: 'an issuer that the owner did not allow: the setting is named',
        ...byExchange({}),
        settings: (facts) => ({ ...allowedHere(facts), EXCHANGE_ISSUERS: '' }),
        session: 'Pending Auth [SSO: Failed]',
        verify: { code: [0, 2], says: [/EXCHANGE_ISSUERS/], never: [/login --server/] },
        signedOut: 'Pending Auth [SSO: Failed]',
      },
      {
        name: 'a host that the owner did not allow: the setting is named, and nothing is pending',
        signIn: 'none',
        server: { acceptsAny: true },
        auth: () => ({ type: 'oauth', forwardToken: true }),
        session: 'Pending Auth [SSO: Failed]',
        verify: {
          code: [0, 2],
          says: [/FORWARD_HOSTS/],
          never: [/login --server/, /1 pending authentication/],
        },
        signedOut: 'Pending Auth [SSO: Failed]',
      },
      {
        name: 'a forwarded token works and has no sign-out of its own',
        signIn: 'none',
        server: { acceptsAny: true },
        auth: () => ({ type: 'oauth', forwardToken: true }),
        settings: allowedHere,
        session: 'Authenticated [SSO: Forwarded]',
        signedOut: 'Authenticated [SSO: Forwarded]',
      },
    ],
  },
  {
    kind: 'requiredAudiences with token exchange',
    cases: [
      // Upstream, on the same object
      {
        name: 'as scopes, as at Dex',
        ...byExchange({ needs: { scope: 'audience:server:client_id:wild-api' } }),
        auth: exchanged({ requiredAudiences: ['wild-api'] }),
        session: 'Authenticated [SSO: Exchanged]',
      },
      {
        name: 'as the parameter audience where the owner set it',
        ...byExchange({ needs: { audience: 'wild-api' } }),
        auth: exchanged({ requiredAudiences: ['wild-api'] }),
        settings: (facts) => ({
          ...allowedHere(facts),
          ...issuerRule({ exchange: { audience: 'parameter' } })(facts),
        }),
        session: 'Authenticated [SSO: Exchanged]',
      },
      {
        name: 'several of them',
        ...byExchange({ needs: { scope: 'audience:server:client_id:second-api' } }),
        auth: exchanged({ requiredAudiences: ['wild-api', 'second-api'] }),
        session: 'Authenticated [SSO: Exchanged]',
      },
    ],
  },
  {
    kind: "another writer's word in status.state",
    cases: [
      {
        name: 'Disconnected: SESSION goes by our own verdict',
        later: ({ writeState }) => writeState('Disconnected'),
      },
      // giantswarm/muster 5.28
      {
        name: 'Awaiting Session: SESSION goes by our own verdict',
        later: ({ writeState }) => writeState('Awaiting Session'),
      },
      {
        name: 'Auth Required: SESSION goes by our own verdict',
        later: ({ writeState }) => writeState('Auth Required'),
      },
    ],
  },
];
