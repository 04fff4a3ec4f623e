import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judgeConcurrency } from '../../../deploy/check/concurrency.ts';
import { judgeEks } from '../../../deploy/check/eks.ts';
import { judgeSignInPage, type SignInPage } from '../../../deploy/check/issuer.ts';
import { judgeNames } from '../../../deploy/check/names.ts';
import { manifestsFor, rightsIn } from '../../../deploy/check/rights.ts';
import { checkRegion } from '../../../deploy/check/region.ts';

describe('the concurrency of the account', () => {
  test.each([
    [{ all: 1000, free: 1000, reserved: 0 }, /^ok: 1000 executions at once are unreserved\./],
    [{ all: 1000, free: 1000, reserved: 900 }, /^ok: 900 of 1000/],
    [
      { all: 1000, free: 1000, reserved: 901 },
      /^problem: .* reserve 901, .* Lower them in \.env to 900 together/,
    ],
    [{ all: 1000, free: 150, reserved: 60 }, /^problem: .* has 150 unreserved, .* to 50 together/],
    [
      { all: 10, free: 10, reserved: 5 },
      /^problem: .* Remove both from \.env, or request more: aws service-quotas/,
    ],
    [
      { all: 10, free: 10, reserved: 0 },
      /^warning: The account can run 10 functions at once\. .* stop the sweep/,
    ],
  ])('%o', (concurrency, words) => {
    const { kind, text, hint = '' } = judgeConcurrency(concurrency);
    expect(`${kind}: ${text} ${hint}`).toMatch(words);
  });
});

describe('an EKS cluster', () => {
  test.each([
    [
      'that is being made',
      { status: 'CREATING' as const },
      false,
      /^problem: .* is CREATING\. .*aws eks wait cluster-active/,
    ],
    [
      'with the old authentication mode',
      { status: 'ACTIVE' as const, accessConfig: { authenticationMode: 'CONFIG_MAP' as const } },
      false,
      /^problem: .* CONFIG_MAP, .* authenticationMode=API_AND_CONFIG_MAP/,
    ],
    [
      'with a private API server',
      { status: 'ACTIVE' as const, resourcesVpcConfig: { endpointPublicAccess: false } },
      false,
      /^problem: .* is private, .* Add VPC_SUBNETS/,
    ],
    [
      'that lets few addresses in',
      {
        status: 'ACTIVE' as const,
        resourcesVpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ['192.0.2.0/24'] },
      },
      false,
      /^warning: .* accepts only 192\.0\.2\.0\/24/,
    ],
    [
      'with a private API server and functions in its VPC',
      { status: 'ACTIVE' as const, resourcesVpcConfig: { endpointPublicAccess: false } },
      true,
      /^ok: EKS cluster main: ACTIVE, private, API\./,
    ],
  ])('%s', (_what, cluster, hasVpc, words) => {
    const [only, ...more] = judgeEks('main', cluster, hasVpc);
    expect(`${only?.kind}: ${only?.text} ${only?.hint ?? ''}`).toMatch(words);
    expect(more).toEqual([]);
  });
});

describe('the sign-in page of an issuer', () => {
  const asked = {
    issuer: 'https://login.example.com',
    clientId: 'muster',
    redirectUri: 'http://127.0.0.1:49152/callback',
    registered: 'http://127.0.0.1/callback',
    status: 302,
    location: undefined,
    page: '',
  } satisfies SignInPage;
  const to = (address: string): Partial<SignInPage> => ({ location: new URL(address) });
  test.each<[string, Partial<SignInPage>, RegExp]>([
    [
      'wants a person: both are known',
      to(`${asked.redirectUri}?error=login_required`),
      /^ok: .* accepts the client muster and the redirect address http:\/\/127\.0\.0\.1\/callback\./,
    ],
    [
      'goes to its login page',
      to('https://login.example.com/login?session=1'),
      /^ok: .* shows its sign-in page .* Only a sign-in/,
    ],
    ['is a login page', { status: 200, page: '<form>' }, /^ok: .* shows its sign-in page/],
    [
      'answers 400 for an unknown client',
      { status: 400, page: 'Invalid client_id' },
      /^problem: .* refuses the client muster .* \(invalid client_id\)\. Register at/,
    ],
    ['answers 400 without words', { status: 400, page: '' }, /^problem: .* \(HTTP 400\)/],
    [
      'is Cognito, which goes to an error page',
      to('https://login.example.com/error?error=redirect_mismatch&client_id=a'),
      /^problem: .* \(redirect_mismatch\)/,
    ],
    [
      'is Entra ID, which answers 200',
      { status: 200, page: '{"code":"AADSTS50011: The redirect URI"}' },
      /^problem: .* \(AADSTS50011\)/,
    ],
    [
      'is Google, which encodes the error',
      to('https://accounts.google.com/signin/oauth/error?authError=redirect_uri_mismatch'),
      /^problem: .* \(redirect_uri_mismatch\)/,
    ],
    [
      'refuses the scopes',
      to(`${asked.redirectUri}?error=invalid_scope`),
      /^problem: .* refuses the scopes .* OIDC_SCOPES/,
    ],
    [
      'refuses this kind of client',
      to(`${asked.redirectUri}?error=unauthorized_client`),
      /^problem: .* \(unauthorized_client\)/,
    ],
    ['is down', { status: 503 }, /^unknown: .* answered 503/],
  ])('%s', (_what, answer, words) => {
    const { kind, text, hint = '' } = judgeSignInPage({ ...asked, ...answer });
    expect(`${kind}: ${text} ${hint}`).toMatch(words);
  });
});

describe('the names of a stage', () => {
  const stage = { stage: 'dev', region: 'eu-central-1', made: [], state: { isLocked: false } };
  const name = 'muster-dev-SweepFunction-abcdefgh';

  test('that was never deployed are free', () => {
    expect(judgeNames(stage)).toMatchObject([
      { kind: 'ok', text: expect.stringContaining('not deployed before') },
    ]);
  });

  test('that is deployed belong to its state', () => {
    const state = { isLocked: false, text: `{"outputs":{"name":"${name}"}}` };
    expect(judgeNames({ ...stage, state, made: [{ kind: 'function', name }] })).toMatchObject([
      { kind: 'ok', text: expect.stringContaining('updates it') },
    ]);
  });

  test('that a killed deployment left behind are told with the command that removes them', () => {
    const made = [
      { kind: 'function' as const, name },
      { kind: 'table' as const, name: 'muster-dev-TableTable-abcdefgh' },
    ];
    expect(judgeNames({ ...stage, made })).toMatchObject([
      {
        kind: 'problem',
        hint: `Delete it: aws lambda delete-function --function-name ${name} --region eu-central-1`,
      },
      { kind: 'warning', text: expect.stringContaining('a new, empty one') },
    ]);
  });

  test('that another deployment holds are told with the way out', () => {
    expect(judgeNames({ ...stage, state: { isLocked: true } })).toMatchObject([
      { kind: 'problem', hint: expect.stringContaining('npx sst unlock --stage dev') },
    ]);
  });
});

describe('the region', () => {
  const check = (environment: Readonly<Record<string, string>>) =>
    checkRegion({
      stage: 'dev',
      environment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', ...environment },
      secrets: () => Promise.reject(new Error('unused')),
    });

  test.each([
    ['eu-central-1', {}, 'ok'],
    ['eu-central-2', {}, 'problem'],
    ['eu-central-2', { FRONT: 'api-gateway' }, 'ok'],
    ['Frankfurt', {}, 'problem'],
  ])('%s with %o is %s', async (AWS_REGION, others, kind) => {
    expect(await check({ AWS_REGION, ...others })).toMatchObject([{ kind }]);
  });
});

describe('the rights that are checked', () => {
  const manifest = readFileSync(
    new URL('../../../manifests/services/rbac.yaml', import.meta.url),
    'utf8',
  );

  test('follow the arguments', () => {
    const files = (environment: Readonly<Record<string, string>>): readonly string[] =>
      manifestsFor(environment).map(({ apply }) => apply);
    expect(files({})).toEqual(['manifests']);
    expect(files({ ACCESS_REVIEW: 'on', SERVICE_PROXY: 'on', SERVICE_NAMESPACES: 'a, b' })).toEqual(
      [
        'manifests',
        'manifests/access-review',
        'manifests/services --namespace a',
        'manifests/services --namespace b',
      ],
    );
    expect(files({ SERVICE_NAMESPACES: 'a' })).toEqual(['manifests']);
  });

  test('are those of the roles, each verb for itself', () => {
    expect(rightsIn(manifest, 'tools')).toEqual(
      ['get', 'create', 'delete'].map((verb) => ({
        group: '',
        resource: 'services',
        subresource: 'proxy',
        verb,
        namespace: 'tools',
      })),
    );
  });
});
