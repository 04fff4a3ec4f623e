import { describe, expect, test } from 'vitest';
import { type Environment, SettingError } from '../../functions/model/setting-reader.ts';
import {
  readApiSettings,
  readClusterSettings,
  readSweepSettings,
} from '../../functions/settings.ts';

const key = 'A'.repeat(43);
const shared = { KUBECONFIG_YAML: 'apiVersion: v1', OIDC_ISSUER: 'https://login.example.com/' };
const sweep = { ...shared, BUS_NAME: 'bus' };
const api = {
  ...shared,
  OIDC_CLIENT_ID: 'muster-cli',
  PUBLIC_URL: 'https://muster.example.com//',
  TABLE_NAME: 'table',
  TOKEN_KEYS: `one:${key}`,
};

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof SettingError) return error.message.split('\n');
    throw error;
  }
  return [];
}
const notSet = (name: string): string =>
  `${name} is not set. Give it to the function under "environment" in sst.config.ts.`;
const noCluster =
  'No cluster is set. Give the function KUBECONFIG_YAML (the kubeconfig itself), KUBECONFIG (its path) or CLUSTER_URL and CLUSTER_CA.';

test('every missing setting of the endpoint is in one error, a line each', () => {
  expect(problemsOf(() => readApiSettings({}))).toEqual([
    noCluster,
    ...['TABLE_NAME', 'TOKEN_KEYS', 'PUBLIC_URL', 'OIDC_ISSUER', 'OIDC_CLIENT_ID'].map(notSet),
  ]);
});

test('a sweep requires its cluster, its bus and an address to check its network with', () => {
  expect(problemsOf(() => readSweepSettings({}))).toEqual([
    noCluster,
    notSet('BUS_NAME'),
    notSet('OIDC_ISSUER'),
  ]);
});

test('a sweep does not look at settings that only the endpoint needs', () => {
  const unusable = {
    PUBLIC_URL: 'muster',
    TOKEN_KEYS: 'none',
    OAUTH_CLIENTS: '?',
    ACCESS_REVIEW: '?',
  };
  expect(problemsOf(() => readSweepSettings({ ...sweep, ...unusable }))).toEqual([]);
});

test('an issuer is not required where the network is checked with another address', () => {
  const { checkUrl } = readSweepSettings({
    ...sweep,
    OIDC_ISSUER: undefined,
    PROBER_CHECK_URL: 'https://check.example.com',
  });
  expect(checkUrl).toEqual(new URL('https://check.example.com'));
});

test('what is not set is absent, and the fallbacks are parsed', () => {
  expect(readSweepSettings({ ...sweep, TABLE_NAME: '', NAMESPACE: '' })).toEqual({
    selection: {},
    contendedState: 'yield',
    cluster: { kind: 'kubeconfig', yaml: 'apiVersion: v1' },
    dnsServers: [],
    allowLocal: false,
    guardAllow: [],
    heartbeatMs: 300_000,
    tickMs: 60_000,
    lease: { namespace: 'muster-serverless', name: 'muster-sweep' },
    serviceProxy: { isOn: false, namespaces: [], clusterDomain: 'cluster.local' },
    busName: 'bus',
    checkUrl: new URL('https://login.example.com/'),
    pageSize: 500,
    probeConcurrency: 400,
  });
});

test('an issuer keeps its slash, which is part of its name, and the public address loses it', () => {
  expect(readApiSettings(api)).toMatchObject({
    issuer: 'https://login.example.com/',
    publicUrl: 'https://muster.example.com',
    signIn: {
      scopes: ['openid', 'profile', 'email'],
      optionalScopes: ['offline_access', 'groups'],
      redirect: 'http://127.0.0.1/callback',
      parameters: {},
    },
    policy: { hasIdTokens: true, allowInsecure: false },
    clients: [],
  });
});

test('tokens are released only where the owner says so, and to some hosts only', () => {
  expect(readApiSettings(api).release).toEqual({ isOn: false, hosts: [] });
  expect(
    readApiSettings({
      ...api,
      RELEASE_TOKENS: 'on',
      RELEASE_HOSTS: 'mcp.example.com, *.tools.example.com',
    }).release,
  ).toEqual({ isOn: true, hosts: ['mcp.example.com', '*.tools.example.com'] });
});

describe('an outgoing proxy', () => {
  test('is read with its exceptions', () => {
    const { proxies } = readSweepSettings({
      ...sweep,
      HTTPS_PROXY: 'http://ada:secret@proxy.example.com:3128',
      NO_PROXY: 'example.com, 10.0.0.0/8',
    });
    expect(proxies).toEqual({
      https: new URL('http://ada:secret@proxy.example.com:3128'),
      except: ['example.com', '10.0.0.0/8'],
    });
  });
  test.each([
    'https://ada:secret@proxy',
    'proxy:3128',
    'http://ada:%secret@proxy',
    'socks5://proxy',
  ])('that cannot be used is a problem, which does not quote it: %s', (address) => {
    const problems = problemsOf(() => readSweepSettings({ ...sweep, HTTP_PROXY: address }));
    expect(problems).toEqual([
      'HTTP_PROXY is not the address of a proxy: http://host:port, or http://user:password@host:port.',
    ]);
  });
});

test('what the command line needs to sign in is read from the settings', () => {
  const { signIn } = readApiSettings({
    ...api,
    OIDC_SCOPES: 'openid email groups?',
    OIDC_REDIRECT: 'http://localhost:8765/callback',
    OIDC_PARAMETERS: 'access_type=offline&prompt=consent',
    OIDC_PUBLIC_CLIENT_SECRET: 'GOCSPX-example',
  });
  expect(signIn).toEqual({
    scopes: ['openid', 'email'],
    optionalScopes: ['groups'],
    redirect: 'http://localhost:8765/callback',
    parameters: { access_type: 'offline', prompt: 'consent' },
    publicClientSecret: 'GOCSPX-example',
  });
});

test.each([
  ['OIDC_REDIRECT', 'https://muster.example.com/callback', 'Give it an address of this kind'],
  ['OIDC_REDIRECT', 'http://127.0.0.1:80/callback', 'any port but 80'],
  ['OIDC_PARAMETERS', 'prompt=consent&scope=admin', '"scope". The command line sets these itself'],
])('%s=%s is a problem that says what to do', (name, value, problem) => {
  expect(() => readApiSettings({ ...api, [name]: value })).toThrow(problem);
});

describe('each way into a cluster', () => {
  const url = 'https://cluster.example.com';
  const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  const accessOf = (environment: Environment) =>
    readClusterSettings({ CLUSTER_URL: url, CLUSTER_CA: pem, ...environment }).cluster;

  test.each<[string, Environment, object]>([
    [
      'a kubeconfig',
      { KUBECONFIG_YAML: 'yaml', KUBECONFIG: 'path' },
      { kind: 'kubeconfig', yaml: 'yaml' },
    ],
    ['its path', { KUBECONFIG: 'path' }, { kind: 'kubeconfigFile', path: 'path' }],
    [
      'a token',
      { CLUSTER_TOKEN: 'abc', CLUSTER_CA: Buffer.from(pem).toString('base64') },
      { kind: 'address', url, caPem: pem, credential: { kind: 'token', token: 'abc' } },
    ],
    [
      'a token file, before a token',
      { CLUSTER_TOKEN_FILE: '/token', CLUSTER_TOKEN: 'abc' },
      { credential: { kind: 'tokenFile', path: '/token' } },
    ],
    [
      'the role of the function',
      {
        EKS_CLUSTER: 'a',
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'i',
        AWS_SECRET_ACCESS_KEY: 's',
      },
      {
        credential: {
          kind: 'eks',
          clusterName: 'a',
          region: 'eu-central-1',
          keys: { accessKeyId: 'i', secretAccessKey: 's' },
        },
      },
    ],
    [
      'the identity that an AWS client finds',
      { EKS_CLUSTER: 'a' },
      { credential: { kind: 'eks', clusterName: 'a' } },
    ],
  ])('is known: %s', (_, environment, expected) => {
    expect(accessOf(environment)).toMatchObject(expected);
  });

  test('an address without certificate and credential has both problems', () => {
    expect(problemsOf(() => readClusterSettings({ CLUSTER_URL: url }))).toEqual([
      'CLUSTER_CA is not a certificate. Give it the PEM, or the certificateAuthority.data that aws eks describe-cluster prints.',
      'CLUSTER_URL has no credential. Give the function EKS_CLUSTER, CLUSTER_TOKEN_FILE or CLUSTER_TOKEN.',
    ]);
  });
});

test.each<[string, Environment, string]>([
  ['a number', { PAGE_SIZE: 'many' }, 'PAGE_SIZE is "many". Give it a number above zero.'],
  [
    'a number above zero',
    { TICK_SECONDS: '0' },
    'TICK_SECONDS is "0". Give it a number above zero.',
  ],
  ['a switch', { GUARD: 'no' }, 'GUARD is "no". Set it to on or off.'],
  [
    'a rule for state',
    { CONTENDED_STATE: 'fight' },
    'CONTENDED_STATE is "fight". Set it to yield or assert.',
  ],
  [
    'an address',
    { PROBER_CHECK_URL: 'check.example.com' },
    'PROBER_CHECK_URL is "check.example.com". Give it an address: https://...',
  ],
  [
    'an address for HTTP',
    { OIDC_ISSUER: 'ftp://login.example.com' },
    'OIDC_ISSUER is "ftp://login.example.com". Give it an address: https://...',
  ],
])('what is not %s is a problem', (_, environment, problem) => {
  expect(problemsOf(() => readSweepSettings({ ...sweep, ...environment }))).toEqual([problem]);
});

test.each([
  [
    'http://login.example.com',
    ['OIDC_ISSUER is "http://login.example.com". Give it an https address.'],
  ],
  ['http://10.0.0.1/dex', ['OIDC_ISSUER is "http://10.0.0.1/dex". Give it an https address.']],
  ['http://127.0.0.1:5556', []],
])('keys of an issuer at %s: a problem or not', (OIDC_ISSUER, problems) => {
  const read = () => readApiSettings({ ...api, OIDC_ISSUER });
  if (problems.length === 0) expect(read().issuer).toBe(OIDC_ISSUER);
  else expect(problemsOf(read)).toEqual(problems);
});

test('the access of anonymous callers cannot be reviewed', () => {
  const both = { ACCESS_REVIEW: 'on', ANONYMOUS_LIST: 'on' };
  expect(problemsOf(() => readApiSettings({ ...api, ...both }))).toEqual([
    'ACCESS_REVIEW and ANONYMOUS_LIST are both on, but the access of anonymous callers cannot be reviewed. Turn one of them off.',
  ]);
});

test.each(['one', `one:${key}A`, `one:${key},two:short`, ','])(
  'a key that cannot seal is a problem, which does not quote it: %s',
  (TOKEN_KEYS) => {
    expect(problemsOf(() => readApiSettings({ ...api, TOKEN_KEYS }))).toEqual([
      'A key in TOKEN_KEYS is not id:base64url of 32 bytes.',
    ]);
  },
);

test('Services inside the cluster are probed only where the owner says so', () => {
  expect(
    readSweepSettings({
      ...sweep,
      SERVICE_PROXY: 'on',
      SERVICE_NAMESPACES: 'tools, shared',
      CLUSTER_DOMAIN: 'k8s.corp',
    }).serviceProxy,
  ).toEqual({ isOn: true, namespaces: ['tools', 'shared'], clusterDomain: 'k8s.corp' });
  expect(problemsOf(() => readSweepSettings({ ...sweep, SERVICE_PROXY: 'yes' }))).toEqual([
    'SERVICE_PROXY is "yes". Set it to on or off.',
  ]);
});

describe('EXTRA_CA', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
  test.each([pem, Buffer.from(pem).toString('base64')])(
    'takes PEM, plain and in base64',
    (given) => {
      expect(readSweepSettings({ ...sweep, EXTRA_CA: given }).extraCaPem).toBe(pem);
    },
  );
  test('that is no certificate is reported', () => {
    expect(problemsOf(() => readSweepSettings({ ...sweep, EXTRA_CA: 'ca.pem' }))).toEqual([
      'EXTRA_CA is not a certificate. Give it PEM, or PEM encoded in base64.',
    ]);
  });
});

test('a list may be shared for no time, but for no negative time', () => {
  expect(readApiSettings({ ...api, LIST_SHARED_SECONDS: '0' }).listSharedMs).toBe(0);
  expect(problemsOf(() => readApiSettings({ ...api, LIST_SHARED_SECONDS: '-1' }))).toEqual([
    'LIST_SHARED_SECONDS is "-1". Give it zero or a number above zero.',
  ]);
});
