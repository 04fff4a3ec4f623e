import { expect, test } from 'vitest';
import { findIssuer, findSignInTarget } from '../../../../functions/adapters/oauth/metadata.ts';
import type { DiscoveryOptions } from '../../../../functions/adapters/oauth/resource-discovery.ts';
import { SignInError } from '../../../../functions/adapters/oauth/signin-error.ts';
import { anAuth, aServer } from '../../../world/server.ts';

const issuer = 'https://issuer.example.com';
const good = {
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/reg`,
  revocation_endpoint: `${issuer}/revoke`,
  code_challenge_methods_supported: ['S256'],
};

/** A network with these documents; what was asked for is kept. */
function network(documents: Readonly<Record<string, object>>, challenge: object = {}) {
  const asked: string[] = [];
  const options: DiscoveryOptions = {
    fetch: async (url) => {
      asked.push(url);
      const found = documents[url];
      return found === undefined ? new Response(null, { status: 404 }) : Response.json(found);
    },
    allowInsecure: false,
    readChallenge: async () => challenge,
    signal: AbortSignal.timeout(5_000),
  };
  return { asked, options };
}

const failureOf = async (attempt: Promise<unknown>) =>
  attempt.then(
    () => undefined,
    (error: unknown) => (error instanceof SignInError ? error.failure : error),
  );

test('an issuer whose endpoints are all https is used', async () => {
  const { options } = network({ [`${issuer}/.well-known/oauth-authorization-server`]: good });
  expect(await findIssuer(issuer, options)).toMatchObject({ issuer });
});

const badAddresses = ['http://issuer.example.com/x', 'ftp://issuer.example.com/x', 'x'];

test.each(['authorization', 'token'])(
  'an issuer whose %s endpoint is not https is not used in the cloud',
  async (endpoint) => {
    for (const address of badAddresses) {
      const metadata = { ...good, [`${endpoint}_endpoint`]: address };
      const { options } = network({
        [`${issuer}/.well-known/oauth-authorization-server`]: metadata,
      });
      expect(await failureOf(findIssuer(issuer, options))).toEqual({
        reason: 'insecureEndpoint',
        host: 'issuer.example.com',
        endpoint,
      });
    }
  },
);

test.each(['registration', 'revocation'])(
  'a %s endpoint that is not https counts as absent in the cloud',
  async (endpoint) => {
    for (const address of badAddresses) {
      const metadata = { ...good, [`${endpoint}_endpoint`]: address };
      const { options } = network({
        [`${issuer}/.well-known/oauth-authorization-server`]: metadata,
      });
      expect(await findIssuer(issuer, options)).not.toHaveProperty(`${endpoint}_endpoint`);
    }
  },
);

test('an http issuer is not even asked for its metadata in the cloud', async () => {
  const { asked, options } = network({});
  expect(await failureOf(findIssuer('http://issuer.example.com', options))).toEqual({
    reason: 'insecureIssuer',
    issuer: 'http://issuer.example.com/',
  });
  expect(asked).toEqual([]);
});

test('a server inside the cluster is asked for nothing: only its owner can name the issuer', async () => {
  const { asked, options } = network({});
  const inside = {
    ...options,
    readChallenge: () => Promise.reject(new Error('the server was asked')),
  };
  const url = new URL('https://mcp.team-a.svc.cluster.local/mcp');
  const pinned = aServer({ url: url.href, auth: anAuth({ authorizationServer: { issuer } }) });
  expect(await findSignInTarget(pinned, url, inside)).toEqual({
    issuer,
    resource: url.href,
    scopes: [],
  });
  expect(await failureOf(findSignInTarget(aServer({ url: url.href }), url, inside))).toEqual({
    reason: 'insideCluster',
    host: 'mcp.team-a.svc.cluster.local',
  });
  expect(asked).toEqual([]);
});

test('resource metadata is not read over http in the cloud', async () => {
  const named = 'http://mcp.example.com/meta';
  const { asked, options } = network({}, { resourceMetadata: named });
  const url = new URL('https://mcp.example.com/mcp');
  expect(await failureOf(findSignInTarget(aServer({ url: url.href }), url, options))).toMatchObject(
    {
      reason: 'noIssuerNamed',
      tried: expect.stringContaining(`${named}: not an https address; `),
    },
  );
  expect(asked.filter((address) => address.startsWith('http:'))).toEqual([]);
});
