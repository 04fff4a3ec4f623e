/**
 * The standard token exchange of a Keycloak (RFC 8693). It takes access tokens only, so people sign
 * in to muster with those (BEARER_AUDIENCE).
 */
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import * as z from 'zod/mini';
import { verifySession } from '../../functions/sessions/verify.ts';
import { ada } from '../../local/issuer.ts';
import { aCaller, aPerson } from '../world/person.ts';
import { aServer, connected } from '../world/server.ts';
import { startSignInWorld } from '../world/signin.ts';
import { commandLineFor, exchanger } from './guide-clients.ts';
import { createRealm, mcpAudience } from './realm.ts';

const keycloak = inject('keycloak');

const commandLine = commandLineFor('https://muster.example.com');
const secret = 'a secret of the exchanger';

describe.skipIf(keycloak === undefined)('with Keycloak', () => {
  test("a person's access token is exchanged for one that the server accepts", async () => {
    if (keycloak === undefined) return;
    const realm = await createRealm(keycloak, 'exchange', {
      clients: [
        { ...commandLine, directAccessGrantsEnabled: true },
        { ...exchanger, secret },
      ],
    });
    const endpoint = `${realm.url}/protocol/openid-connect/token`;
    const signedIn = await fetch(endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: commandLine.clientId,
        username: ada.subject,
        password: ada.subject,
        scope: 'openid',
      }),
    });
    const { access_token: token } = z
      .object({ access_token: z.string() })
      .parse(await signedIn.json());

    const policy = { hasIdTokens: false, exchangeIssuers: [realm.url], allowInsecure: true };
    const world = await startSignInWorld({
      running: { issuer: { url: realm.url, close: async () => {} }, audience: mcpAudience },
      credentials: { clientId: exchanger.clientId, clientSecret: secret },
      policy,
      issuerRules: () => ({ exchange: { noConnector: true, audience: 'parameter' } }),
    });
    onTestFinished(() => world.close());
    const person = aPerson(ada);
    const server = aServer({
      url: world.mcp.url,
      status: connected('True'),
      singleSignOn: 'exchange',
      auth: {
        type: 'oauth',
        forwardToken: false,
        requiredAudiences: [],
        tokenExchange: {
          enabled: true,
          dexTokenEndpoint: endpoint,
          expectedIssuer: realm.url,
          connectorId: 'none',
          scopes: 'mcp',
          clientCredentialsSecretRef: {
            name: 'exchanger',
            clientIdKey: 'client-id',
            clientSecretKey: 'client-secret',
          },
        },
      },
    });
    const ports = {
      ...world.ports,
      policy: { ...world.ports.policy, forwardHosts: [new URL(world.mcp.url).host] },
    };
    const { grant, message } = await verifySession(ports, server, aCaller(person, { token }));
    expect(message).toBeUndefined();
    expect(grant).toMatchObject({ kind: 'exchange', issuer: realm.url });
    expect(grant?.refused).toBeUndefined();
    expect(grant?.lastVerified).toBeDefined();
    expect(await realm.countEvents('TOKEN_EXCHANGE')).toBe(1);
  });
});
