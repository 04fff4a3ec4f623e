/**
 * The roles of `infra/deploy-role.yaml`, made by CloudFormation on MiniStack with policies enforced.
 * It has no clients of CloudWatch, logs and CloudFront, and EKS starts a cluster: those calls are in
 * `test/stack/deploy-role.test.ts`, on an IAM simulator.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ScanCommand,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  GetRoleCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  SetTopicAttributesCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Emulator, findMiniStack, startMiniStack } from './ministack.ts';
import { findVirtualEnvironment, folderOf } from '../world/installed-tools.ts';

const stage = 'trial';
const ministack = folderOf(await findMiniStack(), 'MiniStack');
const template = fileURLToPath(new URL('../../infra/deploy-role.yaml', import.meta.url));

describe.skipIf(ministack === undefined)('the deploy role on MiniStack', () => {
  let aws: Emulator;
  let owner: Clients;
  let pipeline: Clients;
  let boundary: string;

  beforeAll(async () => {
    aws = await startMiniStack({ folder: ministack ?? '', enforcesPolicies: true });
    owner = clientsOf(aws, aws.credentials);
    const outputs = await makeRoles(aws, owner);
    boundary = outputs['Boundary'] ?? '';
    await owner.s3.send(new CreateBucketCommand({ Bucket: 'sst-state-abc' }));
    pipeline = clientsOf(aws, await credentialsFor(aws, owner));
  });
  afterAll(() => aws.close());

  const name = `muster-${stage}-One`;
  const arn = (service: string, rest: string): string =>
    `arn:aws:${service}:${aws.region}:${aws.account}:${rest}`;
  const roleArn = (): string => `arn:aws:iam::${aws.account}:role/${name}`;
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
    ],
  });
  const FunctionName = name;
  const TableName = name;
  const bus = { EventBusName: name };

  test('creates, reads, changes and removes what the stack has', async () => {
    const { dynamo, events, iam, lambda, s3, scheduler, sns, sqs, ssm } = pipeline;
    const state = { Bucket: 'sst-state-abc', Key: `app/muster/${stage}.json` };
    const secret = `/sst/passphrase/muster/${stage}`;
    const role = { RoleName: name };
    const url = `${aws.url}/${aws.account}/${name}`;
    const topic = { TopicArn: arn('sns', name) };
    const target = { Arn: arn('lambda', `function:${name}`), RoleArn: roleArn() };

    await ssm.send(new PutParameterCommand({ Name: secret, Type: 'SecureString', Value: 'words' }));
    await ssm.send(new GetParameterCommand({ Name: secret, WithDecryption: true }));
    await s3.send(new PutObjectCommand({ ...state, Body: '{}' }));
    await s3.send(new GetObjectCommand(state));

    // MiniStack does not know iam:PermissionsBoundary, and so it allows none of these calls.
    await owner.iam.send(
      new CreateRoleCommand({
        ...role,
        AssumeRolePolicyDocument: trust,
        PermissionsBoundary: boundary,
      }),
    );
    await iam.send(new GetRoleCommand(role));

    // Nor does it take the names of a new function and a new bus from the body of the request.
    await owner.lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: roleArn(),
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile: emptyZip },
      }),
    );
    await lambda.send(new GetFunctionCommand({ FunctionName }));
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize: 512 }));
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 5 }),
    );
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 0 }),
    );
    await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' }));
    await lambda.send(
      new AddPermissionCommand({
        FunctionName,
        StatementId: 'url',
        Action: 'lambda:InvokeFunctionUrl',
        Principal: '*',
        FunctionUrlAuthType: 'NONE',
      }),
    );

    await dynamo.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
    await dynamo.send(new DescribeTableCommand({ TableName }));
    await dynamo.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      }),
    );
    await dynamo.send(
      new UpdateContinuousBackupsCommand({
        TableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    );
    await dynamo.send(new DescribeContinuousBackupsCommand({ TableName }));

    await owner.events.send(new CreateEventBusCommand({ Name: name }));
    await events.send(
      new PutRuleCommand({ ...bus, Name: name, EventPattern: '{"source":["muster"]}' }),
    );
    await events.send(
      new PutTargetsCommand({ ...bus, Rule: name, Targets: [{ Id: 'one', Arn: target.Arn }] }),
    );
    await events.send(new ListTargetsByRuleCommand({ ...bus, Rule: name }));
    await scheduler.send(
      new CreateScheduleCommand({
        Name: name,
        ScheduleExpression: 'rate(1 minute)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: target,
      }),
    );
    await scheduler.send(new GetScheduleCommand({ Name: name }));
    await sqs.send(new CreateQueueCommand({ QueueName: name }));
    await sqs.send(
      new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { VisibilityTimeout: '60' } }),
    );
    await sns.send(new CreateTopicCommand({ Name: name }));
    await sns.send(
      new SetTopicAttributesCommand({
        ...topic,
        AttributeName: 'DisplayName',
        AttributeValue: 'muster',
      }),
    );

    await scheduler.send(new DeleteScheduleCommand({ Name: name }));
    await events.send(new RemoveTargetsCommand({ ...bus, Rule: name, Ids: ['one'] }));
    await events.send(new DeleteRuleCommand({ ...bus, Name: name }));
    await owner.events.send(new DeleteEventBusCommand({ Name: name }));
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    await sns.send(new DeleteTopicCommand(topic));
    await dynamo.send(new DeleteTableCommand({ TableName }));
    await lambda.send(new DeleteFunctionCommand({ FunctionName }));
    await iam.send(new DeleteRoleCommand(role));
    await s3.send(new DeleteObjectCommand(state));
    await expect(lambda.send(new GetFunctionCommand({ FunctionName }))).rejects.toThrow(
      /not found/i,
    );
  });

  const other = 'muster-staging-One';
  const administrator = 'arn:aws:iam::aws:policy/AdministratorAccess';
  const document = { AssumeRolePolicyDocument: trust };
  const refused: readonly [string, () => Promise<unknown>][] = [
    [
      'create a role without the boundary',
      () => pipeline.iam.send(new CreateRoleCommand({ RoleName: name, ...document })),
    ],
    [
      'create a role of another stage',
      () =>
        pipeline.iam.send(
          new CreateRoleCommand({ RoleName: other, ...document, PermissionsBoundary: boundary }),
        ),
    ],
    [
      'take the boundary from a role',
      () => pipeline.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: name })),
    ],
    [
      'make itself an administrator',
      () =>
        pipeline.iam.send(
          new AttachRolePolicyCommand({
            RoleName: `deploy-muster-${stage}`,
            PolicyArn: administrator,
          }),
        ),
    ],
    ['read the table', () => pipeline.dynamo.send(new ScanCommand({ TableName: name }))],
    [
      'remove the table of another stage',
      () => pipeline.dynamo.send(new DeleteTableCommand({ TableName: other })),
    ],
    ['call a function', () => pipeline.lambda.send(new InvokeCommand({ FunctionName: name }))],
    [
      'remove a function of another stage',
      () => pipeline.lambda.send(new DeleteFunctionCommand({ FunctionName: other })),
    ],
    [
      'read the state of another stage',
      () =>
        pipeline.s3.send(
          new GetObjectCommand({ Bucket: 'sst-state-abc', Key: 'app/muster/staging.json' }),
        ),
    ],
    [
      'read the passphrase of another stage',
      () => pipeline.ssm.send(new GetParameterCommand({ Name: '/sst/passphrase/muster/staging' })),
    ],
  ];

  test.each([...refused])('may not %s', async (_what, send) => {
    await expect(send()).rejects.toThrow(/not authorized|access ?denied|forbidden/i);
  });
});

// An end record and no files: nothing here is called.
const emptyZip = Buffer.concat([Buffer.from('PK\u0005\u0006', 'latin1'), Buffer.alloc(18)]);

type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};
type Clients = ReturnType<typeof clientsOf>;

function clientsOf({ url: endpoint, region }: Emulator, credentials: Credentials) {
  const options = { endpoint, region, credentials, maxAttempts: 1 };
  return {
    cloudFormation: new CloudFormationClient(options),
    dynamo: new DynamoDBClient(options),
    events: new EventBridgeClient(options),
    iam: new IAMClient(options),
    lambda: new LambdaClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    scheduler: new SchedulerClient(options),
    sns: new SNSClient(options),
    sqs: new SQSClient(options),
    ssm: new SSMClient(options),
    sts: new STSClient(options),
  };
}

/** As docs/pipeline.md says. Returns the outputs. */
async function makeRoles(
  { account }: Emulator,
  { cloudFormation }: Clients,
): Promise<Readonly<Record<string, string | undefined>>> {
  const StackName = `deploy-muster-${stage}`;
  const given = {
    Stage: stage,
    Repository: 'owner/muster',
    Cluster: 'mine',
    // MiniStack knows no providers of OpenID Connect.
    OidcProvider: `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`,
  };
  await cloudFormation.send(
    new CreateStackCommand({
      StackName,
      TemplateBody: await readFile(template, 'utf8'),
      Capabilities: ['CAPABILITY_NAMED_IAM'],
      Parameters: Object.entries(given).map(([ParameterKey, ParameterValue]) => ({
        ParameterKey,
        ParameterValue,
      })),
    }),
  );
  const waiting = { client: cloudFormation, maxWaitTime: 20, minDelay: 0.1, maxDelay: 0.3 };
  await waitUntilStackCreateComplete(waiting, { StackName });
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries(
    (Stacks[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
  );
}

/** Of a role with the same policies: MiniStack has no issuer whose tokens it could check. */
async function credentialsFor({ account }: Emulator, { iam, sts }: Clients): Promise<Credentials> {
  const RoleName = 'trial-of-the-pipeline';
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'sts:AssumeRole',
      },
    ],
  };
  await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  for (const part of ['state', 'functions', 'resources'])
    await iam.send(
      new AttachRolePolicyCommand({
        RoleName,
        PolicyArn: `arn:aws:iam::${account}:policy/deploy-muster-${stage}-${part}`,
      }),
    );
  const { Credentials: given } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${account}:role/${RoleName}`,
      RoleSessionName: 'pipeline',
    }),
  );
  return {
    accessKeyId: given?.AccessKeyId ?? '',
    secretAccessKey: given?.SecretAccessKey ?? '',
    sessionToken: given?.SessionToken ?? '',
  };
}

const linter = folderOf(await findVirtualEnvironment({ 'cfn-lint': '1.58.0' }), 'cfn-lint');

test.skipIf(linter === undefined)('cfn-lint finds nothing in infra/deploy-role.yaml', async () => {
  const { stdout } = await promisify(execFile)(join(linter ?? '', 'bin/cfn-lint'), [
    '--regions',
    'eu-central-1',
    '--template',
    template,
  ]).catch((error: unknown) => ({ stdout: String(error) }));
  expect(stdout).toBe('');
});
