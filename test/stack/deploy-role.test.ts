import { runSimulation } from '@cloud-copilot/iam-simulate';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { evaluate, owner } from './evaluate.ts';
import { readArguments } from '../../infra/arguments.ts';
import { inside, isMissing, projectFolder } from './deployed.ts';
import { account, deployRole, type Parameters, type Policy, region } from './deploy-role.ts';
import { isElsewhere, type Named, providerCalls } from './provider-calls.ts';

// Not production: what tests of the stack share is in its folder.
const stage = 'everything';
const whole: Parameters = { Stage: stage, Cluster: 'mine', Web: 'on', HostedZone: 'Z1EXAMPLE' };
const filled = deployRole(whole);
const deploy = filled.of('DeployRole');
const { Boundary } = filled.policies;
const boundaryOf = (name: string): string =>
  `arn:aws:iam::${account}:policy/deploy-muster-${name}-boundary`;
const boundary = boundaryOf(stage);
const all: Policy = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'All', Effect: 'Allow', Action: '*', Resource: '*' }],
};

/** What a request tells AWS beside its action and its resource. */
type Context = Readonly<Record<string, string | string[]>>;

/** Of the resources of the stack: the boundary of its roles, and the tags of SST. */
const ours: Context = {
  'iam:PermissionsBoundary': boundary,
  'aws:RequestTag/sst:app': 'muster',
  'aws:RequestTag/sst:stage': stage,
  'aws:ResourceTag/sst:app': 'muster',
  'aws:ResourceTag/sst:stage': stage,
};

async function decision(
  policies: readonly Policy[],
  action: string,
  resource: string,
  context: Context = {},
  bound?: Policy,
): Promise<string> {
  const named = policies.map((policy, index) => ({ name: String(index), policy }));
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/pipeline`,
        action,
        resource: { resource, accountId: account },
        contextVariables: { ...context },
      },
      identityPolicies: named,
      ...(bound && { permissionBoundaryPolicies: [{ name: 'boundary', policy: bound }] }),
      serviceControlPolicies: [{ orgIdentifier: 'o-1', policies: [{ name: 'all', policy: all }] }],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === 'error')
    throw new Error(`${action} on ${resource}: ${JSON.stringify(result.errors)}`);
  return result.overallResult;
}

/** Actions that AWS limits to no resource: `*` is the only one to ask for. */
const withoutResource = new Set([
  'acm:RequestCertificate',
  'cloudfront:CreateCachePolicy',
  'cloudfront:CreateDistribution',
  'cloudfront:CreateFunction',
  'cloudfront:CreateKeyValueStore',
  'cloudfront:CreateResponseHeadersPolicy',
  'logs:DescribeLogGroups',
  'route53:GetChange',
  'route53:ListHostedZones',
]);

const nameSchema = z.object({
  name: z.optional(z.string()),
  namePrefix: z.optional(z.string()),
});

/** As AWS knows it: what Pulumi names by itself has the name in the stack, and a random end. */
function named(resource: { readonly name: string; readonly inputs: Named['inputs'] }): Named {
  const { name, namePrefix } = nameSchema.parse(resource.inputs);
  const made = namePrefix === undefined ? `${resource.name}-a1b2c3d` : `${namePrefix}a1b2c3d`;
  return { inputs: resource.inputs, name: name ?? made };
}

type Asked = { readonly action: string; readonly resource: string };

/** Every call for one resource of the stack, from its creation to its end. */
function callsFor(type: string, one: Named): readonly Asked[] {
  const known = providerCalls[type];
  if (known === undefined)
    throw new Error(`The stack has ${type}: add what it needs to test/stack/provider-calls.ts.`);
  const { arns, make, read, change, remove } = known;
  return [...new Set([...make, ...read, ...change, ...remove])].flatMap((action) =>
    arns(one).map((arn) => ({ action, resource: withoutResource.has(action) ? '*' : arn })),
  );
}

const keyOf = ({ action, resource }: Asked): string => `${action} ${resource}`;

/** Everything that an owner can turn on, at once. */
const everythingOn = {
  ...owner,
  SITE: 'on',
  DOMAIN: 'muster.example.com',
  SITE_URL: 'https://muster.example.com',
  VPC_SUBNETS: 'subnet-1',
  VPC_SECURITY_GROUPS: 'sg-1',
  SWEEP_CONCURRENCY: '10',
  ALARM_EMAIL: 'ada@example.com',
  ALERT_EMAIL: 'ada@example.com',
  ALERT_WEBHOOK: 'https://hooks.example.com/T1',
  PERMISSIONS_BOUNDARY: boundaryOf(stage),
};

describe.skipIf(isMissing)('the role of a pipeline', () => {
  let stack: ReturnType<typeof inside>;
  let calls: readonly Asked[] = [];
  beforeAll(async () => {
    const environment = everythingOn;
    stack = inside(await evaluate({ folder: projectFolder(), stage, environment }));
    const all = stack.all
      .filter(({ type }) => !isElsewhere(type))
      .flatMap((resource) => callsFor(resource.type, named(resource)));
    calls = [...new Map(all.map((one) => [keyOf(one), one])).values()];
  });

  test('may create, read, change and remove every resource of the stack', async () => {
    const denied: string[] = [];
    for (const one of calls)
      if ((await decision(deploy, one.action, one.resource, ours)) !== 'Allowed')
        denied.push(keyOf(one));
    expect(denied).toEqual([]);
    expect(calls.length).toBeGreaterThan(150);
  });

  test('may change nothing with the name of another stage or of another application', async () => {
    const allowed: string[] = [];
    for (const { action, resource } of calls)
      for (const other of ['muster-staging-', 'shop-everything-']) {
        const theirs = resource.replaceAll(`muster-${stage}-`, other);
        // AWS lists all alarms, whichever is asked for.
        if (theirs === resource || action === 'cloudwatch:DescribeAlarms') continue;
        if ((await decision(deploy, action, theirs, ours)) === 'Allowed')
          allowed.push(`${action} ${theirs}`);
      }
    expect(allowed).toEqual([]);
  });

  test('lets every role of the stack do, within the boundary, what its own policies allow', async () => {
    const denied: string[] = [];
    for (const { name, inputs } of stack.ofType('aws:iam/role:Role'))
      for (const { policy } of rolePolicies.parse(inputs).inlinePolicies)
        for (const { Action, Resource } of statements.parse(JSON.parse(policy)).Statement)
          for (const [action, resource] of Action.flatMap((one) =>
            Resource.map((its) => [one, its.replace(/:\*$/, ':log-stream:one')] as const),
          ))
            if ((await decision([all], action, resource, {}, Boundary)) !== 'Allowed')
              denied.push(`${name} ${action} ${resource}`);
    expect(denied).toEqual([]);
  });

  test('finds its boundary on every role of the stack', () => {
    const roles = stack.ofType('aws:iam/role:Role');
    expect(roles.length).toBeGreaterThan(2);
    for (const { inputs } of roles) expect(inputs['permissionsBoundary']).toBe(boundaryOf(stage));
  });
});

const role = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
const of = (service: string, rest: string): string =>
  `arn:aws:${service}:${region}:${account}:${rest}`;
const state = (key: string): string => `arn:aws:s3:::sst-state-abcdef/${key}`;
const cluster = of('eks', 'cluster/mine');
const entry = {
  'eks:kubernetesGroups': ['muster-sweep'],
  'eks:principalArn': role('muster-everything-SweepRole-abc'),
};
const own = role('muster-everything-SweepRole-abc');
const vpcPolicy = 'arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole';

type Row = [what: string, action: string, resource: string, context?: Context];

const needed: readonly Row[] = [
  ['find the buckets of SST', 'ssm:GetParameter', of('ssm', 'parameter/sst/bootstrap')],
  ['read and write its state', 's3:PutObject', state('app/muster/everything.json')],
  ['take the lock', 's3:PutObject', state('lock/muster/everything.json')],
  ['give the lock back', 's3:DeleteObject', state('lock/muster/everything.json')],
  ['write the note of a run', 's3:PutObject', state('update/muster/everything/f1.json')],
  ['see that a state is not there yet', 's3:ListBucket', 'arn:aws:s3:::sst-state-abcdef'],
  [
    'make the passphrase',
    'ssm:PutParameter',
    of('ssm', 'parameter/sst/passphrase/muster/everything'),
  ],
  ['hand a role to Lambda', 'iam:PassRole', own, { 'iam:PassedToService': 'lambda.amazonaws.com' }],
  [
    'hand a role to Scheduler',
    'iam:PassRole',
    own,
    { 'iam:PassedToService': 'scheduler.amazonaws.com' },
  ],
  [
    'attach the policy of a VPC',
    'iam:AttachRolePolicy',
    own,
    { ...ours, 'iam:PolicyARN': vpcPolicy },
  ],
  ['find the cluster', 'eks:DescribeCluster', cluster],
  ['let a role of the stage into the cluster', 'eks:CreateAccessEntry', cluster, entry],
  [
    'remove the secrets of the stage',
    'ssm:DeleteParameter',
    of('ssm', 'parameter/muster/everything/TokenKeys'),
  ],
  ['read the quota of concurrency', 'lambda:GetAccountSettings', '*'],
];

const refused: readonly Row[] = [
  ['read the state of another stage', 's3:GetObject', state('app/muster/staging.json')],
  ['read the state of another application', 's3:GetObject', state('app/shop/production.json')],
  [
    'read the passphrase of another stage',
    'ssm:GetParameter',
    of('ssm', 'parameter/sst/passphrase/muster/staging'),
  ],
  [
    'read the secrets of another stage',
    'ssm:GetParameter',
    of('ssm', 'parameter/muster/staging/TokenKeys'),
  ],
  ['read other parameters', 'ssm:GetParameter', of('ssm', 'parameter/shop/password')],
  ['create a role without the boundary', 'iam:CreateRole', own],
  [
    'create a role with another boundary',
    'iam:CreateRole',
    own,
    { 'iam:PermissionsBoundary': 'arn:aws:iam::aws:policy/AdministratorAccess' },
  ],
  ['give a right to a role without the boundary', 'iam:PutRolePolicy', own],
  [
    'attach the policy of an administrator',
    'iam:AttachRolePolicy',
    own,
    { ...ours, 'iam:PolicyARN': 'arn:aws:iam::aws:policy/AdministratorAccess' },
  ],
  ['take the boundary away', 'iam:DeleteRolePermissionsBoundary', own, ours],
  ['change the boundary', 'iam:CreatePolicyVersion', boundary, ours],
  ['change its own role', 'iam:PutRolePolicy', role('deploy-muster-everything'), ours],
  [
    'change who may take its own role',
    'iam:UpdateAssumeRolePolicy',
    role('deploy-muster-everything'),
    ours,
  ],
  ['create a user', 'iam:CreateUser', `arn:aws:iam::${account}:user/muster-everything-x`],
  ['hand a role to EC2', 'iam:PassRole', own, { 'iam:PassedToService': 'ec2.amazonaws.com' }],
  [
    'hand on the role of others',
    'iam:PassRole',
    role('admin'),
    { 'iam:PassedToService': 'lambda.amazonaws.com' },
  ],
  ['take a role', 'sts:AssumeRole', own],
  [
    'let another role into the cluster',
    'eks:CreateAccessEntry',
    cluster,
    { ...entry, 'eks:principalArn': role('somebody') },
  ],
  [
    'let a role into another group',
    'eks:CreateAccessEntry',
    cluster,
    { ...entry, 'eks:kubernetesGroups': ['muster-sweep', 'admins'] },
  ],
  [
    'make a role an administrator of the cluster',
    'eks:AssociateAccessPolicy',
    of('eks', `access-entry/mine/role/${account}/muster-everything-SweepRole-abc/u1`),
  ],
  ['find another cluster', 'eks:DescribeCluster', of('eks', 'cluster/other')],
  [
    'read rows of the table',
    'dynamodb:GetItem',
    of('dynamodb', 'table/muster-everything-TableTable-abc'),
  ],
  [
    'call the functions',
    'lambda:InvokeFunction',
    of('lambda', 'function:muster-everything-ApiFunction-abc'),
  ],
  [
    'change the distribution of others',
    'cloudfront:UpdateDistribution',
    `arn:aws:cloudfront::${account}:distribution/E1`,
    { 'aws:ResourceTag/sst:app': 'shop', 'aws:ResourceTag/sst:stage': stage },
  ],
  [
    'change records of another zone',
    'route53:ChangeResourceRecordSets',
    'arn:aws:route53:::hostedzone/Z2OTHER',
  ],
];

describe('the role of a pipeline beside the resources', () => {
  test.each([...needed])('may %s', async (...[, action, resource, context]: Row) => {
    expect(await decision(deploy, action, resource, context)).toBe('Allowed');
  });

  test.each([...refused])('may not %s', async (...[, action, resource, context]: Row) => {
    expect(await decision(deploy, action, resource, context)).toBe('ImplicitlyDenied');
  });

  test.each([
    ['create buckets for SST', 's3:CreateBucket', 'arn:aws:s3:::sst-state-abcdef'],
    ['name them', 'ssm:PutParameter', of('ssm', 'parameter/sst/bootstrap')],
    ['create the repository of images', 'ecr:CreateRepository', of('ecr', 'repository/sst-asset')],
  ])('may %s only with Bootstrap=on', async (_what, action, resource) => {
    const later = deployRole({ ...whole, Bootstrap: 'off' });
    expect([
      await decision(deploy, action, resource),
      await decision(later.of('DeployRole'), action, resource),
    ]).toEqual(['Allowed', 'ImplicitlyDenied']);
  });

  test('has nothing of CloudFront, API Gateway and Route 53 without Web=on, and no cluster without Cluster', () => {
    const plain = JSON.stringify(deployRole().of('DeployRole'));
    expect(plain).not.toMatch(/cloudfront:|apigateway:|acm:|route53:|eks:(?!ListClusters)/);
  });

  test('keeps the table of production, and removes that of another stage', async () => {
    const table = (name: string): string => of('dynamodb', `table/muster-${name}-TableTable-abc`);
    const production = deployRole({ ...whole, Stage: 'production' }).of('DeployRole');
    const remove = 'dynamodb:DeleteTable';
    expect([
      await decision(production, remove, table('production')),
      await decision(deploy, remove, table(stage)),
    ]).toEqual(['ImplicitlyDenied', 'Allowed']);
  });

  test('fits into the policies that AWS accepts: at most 6,144 characters each', () => {
    for (const [name, policy] of Object.entries(filled.policies))
      expect([name, JSON.stringify(policy).length]).toEqual([name, expect.toSatisfy(isShort)]);
  });

  test('is taken only by the environment of the stage, and the diff role only by pull requests', () => {
    const audience = { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' };
    const by = (subject: string): object => ({
      Statement: [
        {
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: { ...audience, 'token.actions.githubusercontent.com:sub': subject },
          },
        },
      ],
    });
    expect(filled.trust('DeployRole')).toMatchObject(
      by('repo:owner/muster:environment:everything'),
    );
    expect(filled.trust('DiffRole')).toMatchObject(by('repo:owner/muster:pull_request'));
  });
});

const isShort = (length: number): boolean => length <= 6144;

describe('the role of pull requests', () => {
  const diff = filled.of('DiffRole');
  test.each([...needed])('changes nothing: %s', async (...[, action, resource, context]: Row) => {
    const isRead = /:(Get|Describe|List)/.test(action);
    const isNote = resource.includes('/update/');
    expect((await decision(diff, action, resource, context)) === 'Allowed' && !isRead).toBe(isNote);
  });

  test('reads no secret', async () => {
    const secret = of('ssm', 'parameter/muster/everything/TokenKeys');
    expect(await decision(diff, 'ssm:GetParameter', secret)).toBe('ImplicitlyDenied');
  });
});

describe('the boundary', () => {
  test.each([
    ['create a user', 'iam:CreateUser', `arn:aws:iam::${account}:user/x`],
    ['read the state of SST', 's3:GetObject', state(`app/muster/${stage}.json`)],
    [
      'read the table of another stage',
      'dynamodb:GetItem',
      of('dynamodb', 'table/muster-staging-Table'),
    ],
    [
      'read the secrets of another stage',
      'ssm:GetParameters',
      of('ssm', 'parameter/muster/staging/x'),
    ],
    ['take the deploy role', 'sts:AssumeRole', role(`deploy-muster-${stage}`)],
  ])('lets no role of the stack %s, whatever its policies say', async (_what, action, resource) => {
    expect(await decision([all], action, resource, {}, Boundary)).toBe('ImplicitlyDenied');
  });

  test('is given by its ARN', () => {
    const name = 'deploy-muster-everything-boundary';
    expect(() => readArguments({ ...owner, PERMISSIONS_BOUNDARY: name })).toThrow(
      `PERMISSIONS_BOUNDARY is "${name}", which is not the ARN of a policy.`,
    );
  });
});

const rolePolicies = z.object({ inlinePolicies: z.array(z.object({ policy: z.string() })) });
const statements = z.object({
  Statement: z.array(z.object({ Action: z.array(z.string()), Resource: z.array(z.string()) })),
});
