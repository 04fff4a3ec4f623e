/** Realms of a Keycloak, made for one test each through its Admin REST API. */
import * as z from 'zod/mini';
import { defined } from '../../functions/model/defined.ts';
import { ada } from '../../local/issuer.ts';

export type Administrator = {
  readonly url: string;
  readonly password: string;
};

export type RealmOptions = {
  readonly accessTokenSeconds?: number;
  /**
   * Anybody may register clients: the policies "Trusted Hosts" and "Allowed Client Scopes" of a new
   * realm, which forbid that, are removed.
   */
  readonly registration?: boolean;
  readonly clients?: readonly object[];
};

export type Realm = {
  /** The issuer. */
  readonly url: string;
  /** Ends every session of ada, and takes back what she allowed registered clients. */
  readonly endSessions: () => Promise<void>;
  /** How many sessions ada has, those with `offline_access` at registered clients included. */
  readonly countSessions: () => Promise<number>;
  /** How many events of this type there were. */
  readonly countEvents: (type: string) => Promise<number>;
  /** Adds a client by hand. */
  readonly addClient: (client: object) => Promise<void>;
  /** Removes all clients that registered themselves, and returns how many there were. */
  readonly forgetRegistrations: () => Promise<number>;
};

/** The audience of access tokens with the scope `mcp`. */
export const mcpAudience = 'https://mcp.example.com';

/** One realm in which ada can sign in with her name as her password. */
export async function createRealm(
  administrator: Administrator,
  name: string,
  { accessTokenSeconds = 300, registration = false, clients = [] }: RealmOptions = {},
): Promise<Realm> {
  const admin = adminOf(administrator);
  await admin('POST', '', {
    realm: name,
    enabled: true,
    sslRequired: 'none',
    accessTokenLifespan: accessTokenSeconds,
    // Rotation: a refresh token that is used twice ends the session.
    revokeRefreshToken: true,
    refreshTokenMaxReuse: 0,
    eventsEnabled: true,
    enabledEventTypes: ['REFRESH_TOKEN', 'REFRESH_TOKEN_ERROR', 'TOKEN_EXCHANGE'],
    users: [
      {
        username: ada.subject,
        email: ada.email,
        emailVerified: true,
        enabled: true,
        firstName: 'Ada',
        lastName: 'Lovelace',
        credentials: [{ type: 'password', value: ada.subject, temporary: false }],
        realmRoles: ['offline_access', `default-roles-${name}`],
      },
    ],
  });
  await addMcpScope(admin, name);
  for (const client of clients) await admin('POST', `/${name}/clients`, client);
  if (registration) await openRegistration(admin, name);
  const users = z
    .array(z.object({ id: z.string() }))
    .parse(await admin('GET', `/${name}/users?username=${ada.subject}`));
  const user = users[0]?.id ?? '';
  return {
    url: `${administrator.url}/realms/${name}`,
    endSessions: () => endSessions(admin, name, user),
    countSessions: () => countSessions(admin, name, user),
    countEvents: async (type) =>
      z.array(z.unknown()).parse(await admin('GET', `/${name}/events?type=${type}`)).length,
    addClient: async (client) => void (await admin('POST', `/${name}/clients`, client)),
    forgetRegistrations: () => forgetRegistrations(admin, name),
  };
}

type Admin = (method: string, path: string, body?: object) => Promise<unknown>;

function adminOf({ url, password }: Administrator): Admin {
  return async (method, path, body) => {
    const token = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'admin-cli',
        username: 'admin',
        password,
      }),
    });
    const { access_token } = z.object({ access_token: z.string() }).parse(await token.json());
    const response = await fetch(
      `${url}/admin/realms${path}`,
      defined({
        method,
        headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    );
    const text = await response.text();
    if (!response.ok)
      throw new Error(
        `Keycloak answered ${method} ${path}: HTTP ${String(response.status)} ${text}`,
      );
    return text === '' ? undefined : JSON.parse(text);
  };
}

/** Keycloak ignores `resource` (RFC 8707): a client scope puts the audience into the token. */
async function addMcpScope(admin: Admin, realm: string): Promise<void> {
  await admin('POST', `/${realm}/client-scopes`, {
    name: 'mcp',
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'true' },
    protocolMappers: [
      {
        name: 'audience',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': mcpAudience, 'access.token.claim': 'true' },
      },
    ],
  });
  const scopes = z
    .array(z.object({ id: z.string(), name: z.string() }))
    .parse(await admin('GET', `/${realm}/client-scopes`));
  const id = scopes.find(({ name }) => name === 'mcp')?.id ?? '';
  await admin('PUT', `/${realm}/default-optional-client-scopes/${id}`);
}

const policy = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

async function openRegistration(admin: Admin, realm: string): Promise<void> {
  const components = z
    .array(z.object({ id: z.string(), providerId: z.string() }))
    .parse(await admin('GET', `/${realm}/components?type=${policy}`));
  for (const { id, providerId } of components)
    if (providerId === 'trusted-hosts' || providerId === 'allowed-client-templates')
      await admin('DELETE', `/${realm}/components/${id}`);
}

/** Signing out all sessions leaves those with `offline_access`: they end with the consent. */
async function endSessions(admin: Admin, realm: string, user: string): Promise<void> {
  await admin('POST', `/${realm}/users/${user}/logout`);
  for (const { clientId } of await registered(admin, realm))
    await admin('DELETE', `/${realm}/users/${user}/consents/${clientId}`);
}

async function countSessions(admin: Admin, realm: string, user: string): Promise<number> {
  const paths = [
    `/${realm}/users/${user}/sessions`,
    ...(await registered(admin, realm)).map(
      ({ id }) => `/${realm}/users/${user}/offline-sessions/${id}`,
    ),
  ];
  const lists = await Promise.all(paths.map((path) => admin('GET', path)));
  return lists.flatMap((list) => z.array(z.unknown()).parse(list)).length;
}

async function forgetRegistrations(admin: Admin, realm: string): Promise<number> {
  const clients = await registered(admin, realm);
  for (const { id } of clients) await admin('DELETE', `/${realm}/clients/${id}`);
  return clients.length;
}

/** The clients that registered themselves, by the name that we give. */
async function registered(admin: Admin, realm: string) {
  const clients = z
    .array(z.object({ id: z.string(), clientId: z.string(), name: z.optional(z.string()) }))
    .parse(await admin('GET', `/${realm}/clients`));
  return clients.filter(({ name }) => name === 'muster');
}
