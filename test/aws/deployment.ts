/**
 * The deployed form as a whole: the recorded stack, made by CloudFormation on MiniStack, with a
 * cluster and an issuer around it.
 */
import { readFile } from 'node:fs/promises';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { GetFunctionUrlConfigCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod/mini';
import type { Front } from '../../infra/arguments/front.ts';
import { evaluate, type Resource } from '../stack/evaluate.ts';
import { copyProject } from '../stack/project.ts';
import { startLoopbackFront } from './loopback-front.ts';
import { type Emulator, startMiniStack } from './ministack.ts';
import { startSurroundings, type Surroundings } from './surroundings.ts';
import { emulated, type Template, templateOf } from './template.ts';

export type DeploymentOptions = {
  /** Of `findMiniStack`. */
  readonly ministack: string;
  /** Of `installPlatform`. */
  readonly platform: string;
  readonly enforcesPolicies: boolean;
  /** What calls the function of the endpoint. */
  readonly front: Front;
};

export type Deployment = {
  /** The public address. */
  readonly endpoint: string;
  readonly emulator: Emulator;
  readonly surroundings: Surroundings;
  readonly template: Template;
  /** What AWS calls a resource, by the last part of its Pulumi type and its name in infra/. */
  readonly nameOf: (type: string, name: string) => string;
  readonly arnOf: (type: string, name: string) => string;
  readonly close: () => Promise<void>;
};

/** Protected, as the deployment of an owner. */
export const stage = 'production';

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { ministack: folder, platform, enforcesPolicies } = options;
  const ending: (() => Promise<void>)[] = [];
  const keep = <Started extends { readonly close: () => Promise<void> }>(started: Started) => {
    ending.push(started.close);
    return started;
  };
  const close = async (): Promise<void> => {
    for (const end of ending.toReversed()) await end();
  };
  try {
    const [project, front, surroundings, emulator] = await Promise.all([
      copyProject(platform).then(keep),
      startLoopbackFront().then(keep),
      startSurroundings().then(keep),
      startMiniStack({ folder, enforcesPolicies }).then(keep),
    ]);
    const secrets = secretsOf(surroundings);
    const recorded = await record(project.folder, surroundings, options.front);
    const resources = withVariables(recorded, {
      // Everything around the functions is on loopback, which the guard refuses.
      GUARD: 'off',
      // The address of the front: AWS serves https and the emulator does not.
      PUBLIC_URL: front.url,
    });
    const template = templateOf(resources);
    await Promise.all([upload(emulator, resources), putParameters(emulator, secrets)]);
    await createStack(emulator, emulated(template));
    const one = (type: string, name: string): Resource['state'] => {
      const found = resources.find((each) => each.type.endsWith(`:${type}`) && each.name === name);
      if (found === undefined) throw new Error(`The stack has no ${type} ${name}.`);
      return found.state;
    };
    const nameOf = (type: string, name: string) => z.string().parse(one(type, name)['name']);
    front.lead(
      emulator,
      await addressOf(options.front, emulator, nameOf('Function', 'ApiFunction')),
    );
    return {
      endpoint: front.url,
      emulator,
      surroundings,
      template,
      nameOf,
      arnOf: (type, name) => z.string().parse(one(type, name)['arn']),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** For every client of the AWS SDK: the owner of the account, at the emulator. */
export const ownerAt = ({ url, region, credentials }: Emulator) => ({
  endpoint: url,
  region,
  credentials,
});

type Secrets = Readonly<Record<'Kubeconfig' | 'TokenKeys' | 'OauthClients', string>>;

const secretsOf = ({ cluster }: Surroundings): Secrets => ({
  Kubeconfig: cluster.kubeconfig,
  TokenKeys: `k1:${Buffer.alloc(32, 7).toString('base64url')}`,
  OauthClients: '[]',
});

/** What an owner has in `.env`, and as secrets of the stage. */
async function record(
  folder: string,
  { issuer }: Surroundings,
  front: Front,
): Promise<readonly Resource[]> {
  const evaluation = await evaluate({
    folder,
    stage,
    environment: {
      AWS_REGION: 'eu-central-1',
      OIDC_ISSUER: issuer.url,
      OIDC_CLIENT_ID: issuer.clientId,
      ALARM_EMAIL: 'oncall@example.com',
      ALERT_EMAIL: 'team@example.com',
      ALERT_WEBHOOK: 'https://hooks.example.com/services/alerts',
      // Of four servers: so there is a second page.
      PAGE_SIZE: '3',
      RELEASE_TOKENS: 'on',
      SITE: 'off',
      FRONT: front,
    },
  });
  if (evaluation.kind === 'failed') throw new Error(evaluation.problems.join('\n'));
  return evaluation.resources;
}

const variablesSchema = z.looseObject({ variables: z.record(z.string(), z.string()) });

const withVariables = (
  resources: readonly Resource[],
  added: Readonly<Record<string, string>>,
): readonly Resource[] =>
  resources.map((resource) => {
    if (resource.type !== 'aws:lambda/function:Function') return resource;
    const { variables } = variablesSchema.parse(resource.inputs['environment']);
    const environment = { variables: { ...variables, ...added } };
    return { ...resource, inputs: { ...resource.inputs, environment } };
  });

const zipSchema = z.looseObject({
  bucket: z.string(),
  key: z.string(),
  source: z.object({ path: z.string() }),
});

/** The zips that SST made, at the places where the functions of the stack look for them. */
async function upload(emulator: Emulator, resources: readonly Resource[]): Promise<void> {
  const client = new S3Client({ ...ownerAt(emulator), forcePathStyle: true });
  const zips = resources
    .filter(({ type }) => type === 'aws:s3/bucketObjectv2:BucketObjectv2')
    .map(({ inputs }) => zipSchema.parse(inputs));
  for (const bucket of new Set(zips.map((zip) => zip.bucket)))
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const { bucket, key, source } of zips)
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: await readFile(source.path) }),
    );
  client.destroy();
}

async function putParameters(emulator: Emulator, secrets: Secrets): Promise<void> {
  const client = new SSMClient(ownerAt(emulator));
  for (const [name, value] of Object.entries(secrets))
    await client.send(
      new PutParameterCommand({
        Name: `/muster/${stage}/${name}`,
        Value: value,
        Type: 'SecureString',
        Tier: 'Intelligent-Tiering',
      }),
    );
  client.destroy();
}

const StackName = 'muster';

async function createStack(emulator: Emulator, template: Template): Promise<void> {
  const client = new CloudFormationClient(ownerAt(emulator));
  await client.send(
    new CreateStackCommand({
      StackName,
      TemplateBody: JSON.stringify(template),
      Capabilities: ['CAPABILITY_NAMED_IAM'],
    }),
  );
  const waiting = { client, maxWaitTime: 60, minDelay: 0.2, maxDelay: 1 };
  await waitUntilStackCreateComplete(waiting, { StackName }).catch(async () => {
    const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
    const failed = StackEvents.filter(({ ResourceStatus }) => ResourceStatus?.endsWith('FAILED'));
    throw new Error(
      failed.map((one) => `${one.LogicalResourceId}: ${one.ResourceStatusReason}`).join('\n'),
    );
  });
  client.destroy();
}

/** The address of the endpoint is the one thing that AWS alone knows. */
function addressOf(front: Front, emulator: Emulator, api: string): Promise<URL> {
  switch (front) {
    case 'function-url':
      return functionUrlOf(emulator, api);
    case 'api-gateway':
      return gatewayOf(emulator);
  }
}

async function functionUrlOf(emulator: Emulator, FunctionName: string): Promise<URL> {
  const client = new LambdaClient(ownerAt(emulator));
  const { FunctionUrl = '' } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }));
  client.destroy();
  return new URL(FunctionUrl);
}

async function gatewayOf(emulator: Emulator): Promise<URL> {
  const client = new CloudFormationClient(ownerAt(emulator));
  const { StackResourceDetail } = await client.send(
    new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'FrontApiApi' }),
  );
  client.destroy();
  const id = z.string().parse(StackResourceDetail?.PhysicalResourceId);
  return new URL(`http://${id}.execute-api.localhost:${String(emulator.port)}`);
}
