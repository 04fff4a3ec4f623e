/**
 * No manifest, issuer, server or name server leads us to an address that only we can reach. Each
 * address and each URL is tried on the guard, then each URL in every place that others write.
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { prober } from '../../functions/adapters/mcp/probe.ts';
import { addressGuard, type Guard } from '../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../functions/adapters/network/http.ts';
import { tokenExchanger } from '../../functions/adapters/oauth/token-exchange.ts';
import { tokenVerifier } from '../../functions/adapters/mcp/token-verifier.ts';
import { aGrant } from '../functions/sessions/build.ts';
import { anAuth, aServer, connected } from '../world/server.ts';
import { attempt } from './attempt.ts';
import { clientOf, type HostileIssuer, type Saying, startHostileIssuer } from './hostile-issuer.ts';

const cloud = addressGuard();

/** Every way to write an IPv4 address inside IPv6 that a route, a proxy or a NAT may unwrap. */
const embedded = (dotted: string): readonly string[] => {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  const high = ((a << 8) | b).toString(16);
  const low = ((c << 8) | d).toString(16);
  return [
    `::ffff:${dotted}`,
    `::ffff:${high}:${low}`,
    `::${dotted}`,
    `::ffff:0:${dotted}`,
    `64:ff9b::${dotted}`,
    `64:ff9b:1::${dotted}`,
    `2002:${high}:${low}::1`,
  ];
};

const inside = ['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254'];
const addresses: readonly string[] = [
  ...inside,
  ...inside.flatMap(embedded),
  '127.255.255.254',
  '127.0.0.53',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.0',
  '10.255.255.255',
  '172.31.255.255',
  '192.168.0.0',
  '192.168.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fe80::a9fe:a9fe',
  'febf::1',
  'fc00::1',
  'fd00::1',
  'fd12:3456::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fd00:c1::a9fe:a9fe',
  'ff02::1',
  'ff05::2',
  '2001:db8::1',
  '2001:0:53aa:64c:0:5efe:7f00:1',
  '100::1',
  'fec0::1',
];

attempt('the address %s is refused in the cloud', addresses, (address) => {
  expect(cloud.refusesAddress(address)).toBeTruthy();
});

const metadata = [
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fe80::1',
  ...embedded('169.254.169.254'),
  ...embedded('168.63.129.16'),
];
const open = addressGuard({ allowLocal: true, allow: ['0.0.0.0/0', '::/0'] });

attempt('metadata is refused where the owner has opened everything', metadata, (address) => {
  expect(open.refusesAddress(address)).toContain('metadata');
});

const numeric = ['2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '127.1', '127.0.1', '0'];
const spelled = ['①②⑦.0.0.1', '127。0。0。1', '127.0.0.1.', '１２７.0.0.1', '127.0.0.%31'];
const hosts: readonly string[] = [
  ...inside,
  ...inside.flatMap((dotted) => embedded(dotted).map((address) => `[${address}]`)),
  ...numeric,
  ...spelled,
  '169.254.169.254.',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '169.254.43518',
  '[::1]',
  '[::]',
  '[fe80::1]',
  '[fd00:ec2::254]',
  '[fd12::1]',
  '[ff02::1]',
  '0x0',
  '0.0.0.0',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'a.localhost',
  'x.y.localhost',
];
const closedPorts = [22, 25, 53, 110, 143, 445, 1, 2375, 2379, 3306, 5432, 6379, 9200, 10_250];
const urls: readonly string[] = [
  ...hosts.map((host) => `http://${host}/`),
  ...['127.0.0.1', '[::1]', '169.254.169.254'].map((host) => `https://${host}/latest/meta-data/`),
  ...closedPorts.map((port) => `http://example.com:${port}/`),
  'file:///etc/passwd',
  'gopher://127.0.0.1/',
  'ftp://127.0.0.1/',
  'unix:/var/run/docker.sock',
  'data:text/plain,x',
  'javascript:alert(1)',
  'http:127.0.0.1',
  'http:/\\127.0.0.1/',
  'http://example.com@127.0.0.1/',
  'http://127.0.0.1#@example.com/',
  'http://127.0.0.1\\@a/',
];

/**
 * The rules of the cloud, with one hole for the hostile party itself. What they would let through
 * is remembered and never contacted.
 */
let through: string[] = [];
const watching = (party: string): Guard => {
  const port = new URL(party).port;
  let isParty = false;
  return {
    refusesUrl: (url) => {
      isParty = url.hostname === '127.0.0.1' && url.port === port;
      const refused = isParty ? undefined : cloud.refusesUrl(url);
      // undici has no other protocols, and so no connection for them.
      const isWeb = /^https?:$/.test(url.protocol);
      if (isWeb && !isParty && refused === undefined && !isName(url.hostname))
        through.push(url.href);
      return refused;
    },
    refusesAddress: (address) => {
      if (isParty && address === '127.0.0.1') return undefined;
      const refused = cloud.refusesAddress(address);
      if (refused === undefined) through.push(address);
      return refused ?? 'nothing is contacted in this test';
    },
  };
};
/** Names are judged by the addresses they lead to. */
const isName = (hostname: string): boolean => /^[a-z]/.test(hostname);

let issuers: HostileIssuer;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  issuers = await startHostileIssuer();
  const { issuer, close } = issuers.open(() => ({}));
  client = clientOf(watching(issuer));
  close();
});
afterAll(() => issuers.close());

type Place = readonly [where: string, visit: (url: string) => Promise<unknown>];

const withServer = async (
  said: (
    url: string,
  ) => (honest: { readonly metadata: object; readonly resource: object }) => Saying,
  url: string,
): Promise<unknown> => {
  const party = issuers.open(said(url));
  const server = aServer({ url: party.url, status: connected('True') });
  const authorized = await client.oauth.authorize(server, 'the-state');
  if (authorized.kind === 'refused') return authorized;
  const { request } = authorized;
  const exchanged = await client.oauth.exchange(request, { code: 'a-code', iss: party.issuer });
  const grant = aGrant({ ...request, serverUrl: party.url });
  await client.oauth.refresh(grant, { accessToken: 'a', refreshToken: 'b' });
  await client.oauth.revoke(grant, { accessToken: 'a', refreshToken: 'b' });
  party.close();
  return exchanged;
};
const metadataWith =
  (name: string) =>
  (url: string) =>
  ({ metadata }: { readonly metadata: object }): Saying => ({
    metadata: { body: { ...metadata, [name]: url } },
  });

const places: readonly Place[] = [
  [
    'spec.url, by a probe',
    (url) => prober(client.connector)(aServer({ url, timeoutMs: 1_000 }), { classify: true }),
  ],
  [
    'spec.url, by a verification with a token',
    (url) => tokenVerifier(client.connector, { timeoutMs: 1_000 })(aServer({ url }), 'a-token'),
  ],
  ['spec.url, by a sign-in', (url) => client.oauth.authorize(aServer({ url }), 'the-state')],
  [
    'resource_metadata of a challenge',
    (url) => withServer(() => () => ({ challenge: `Bearer resource_metadata="${url}"` }), url),
  ],
  [
    'authorization_servers of the resource',
    (url) =>
      withServer(
        () =>
          ({ resource }) => ({ resource: { body: { ...resource, authorization_servers: [url] } } }),
        url,
      ),
  ],
  [
    'spec.auth.authorizationServer.issuer',
    (url) => {
      const party = issuers.open(() => ({ resource: { status: 404, body: '' } }));
      const auth = anAuth({ authorizationServer: { issuer: url } });
      return client.oauth.authorize(aServer({ url: party.url, auth }), 'the-state');
    },
  ],
  ['token_endpoint', (url) => withServer(metadataWith('token_endpoint'), url)],
  ['registration_endpoint', (url) => withServer(metadataWith('registration_endpoint'), url)],
  ['revocation_endpoint', (url) => withServer(metadataWith('revocation_endpoint'), url)],
  [
    'spec.auth.tokenExchange.dexTokenEndpoint',
    (url) =>
      tokenExchanger({
        fetch: guardedFetch(client.connector, { timeoutMs: 1_000 }),
        now: () => new Date(),
        readCredentials: async () => ({ clientId: 'a', clientSecret: 'b' }),
      })(
        aServer({
          auth: anAuth({
            tokenExchange: {
              enabled: true,
              dexTokenEndpoint: url,
              connectorId: 'c',
              scopes: 'openid',
            },
          }),
        }),
        'a-token',
      ),
  ],
];

for (const [where, visit] of places)
  attempt(`no URL leads inside from ${where}`, urls, async (url) => {
    through = [];
    // It may be refused in any way it likes. It must not throw, nor contact anything.
    await visit(url);
    expect(through).toEqual([]);
  });
