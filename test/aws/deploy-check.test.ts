import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsOptions } from '../../deploy/aws-access.ts';
import { checkDeployment } from '../../deploy/check/check-deployment.ts';
import type { Finding } from '../../deploy/check/finding.ts';
import { reportText } from '../../deploy/check/report.ts';
import { type LocalCluster, startCluster } from '../../local/cluster/local-cluster.ts';
import { commandLineClient, type Issuer, startIssuer } from '../../local/issuer.ts';
import { expose } from '../world/leaks.ts';
import { folderOf } from '../world/installed-tools.ts';
import { type Emulator, findMiniStack, startMiniStack } from './ministack.ts';

const folder = folderOf(await findMiniStack(), 'MiniStack');
const crdFile = new URL('../../manifests/crd/crd.yaml', import.meta.url);

let aws: Emulator;
let issuer: Issuer;
let cluster: LocalCluster;
/** Without the CRD, and whose user may only list. */
let bare: LocalCluster;

const tokenKeys = `k1:${randomBytes(32).toString('base64url')}`;

beforeAll(async () => {
  if (folder === undefined) return;
  [aws, issuer, cluster, bare] = await Promise.all([
    startMiniStack({ folder }),
    startIssuer(),
    startCluster({ crdFile }),
    startCluster({
      crdFile,
      mayDo: ({ verb }) => verb === 'list',
      intercept: ({ url = '' }) =>
        url.startsWith('/apis/muster.giantswarm.io') ? { code: 404, body: {} } : undefined,
    }),
  ]);
});
afterAll(() => Promise.all([aws, issuer, cluster, bare].map((part) => part?.close())));

const environmentOf = (others: Readonly<Record<string, string>> = {}) => ({
  ...aws.environment,
  OIDC_ISSUER: issuer.url,
  OIDC_CLIENT_ID: commandLineClient.client_id,
  ...others,
});

/** What the check prints, and what it found. */
async function check(stage: string, others: Readonly<Record<string, string>> = {}) {
  const findings = await checkDeployment({ stage, environment: environmentOf(others) });
  expose('npm run deploy:check', reportText(findings, stage));
  const of = (kind: Finding['kind'], subject: Finding['subject']) =>
    findings.filter((one) => one.kind === kind && one.subject === subject);
  return { findings, of };
}

async function write(
  secrets: Readonly<Record<string, string>>,
  {
    region = aws.region,
    type = 'SecureString',
  }: { region?: string; type?: 'SecureString' | 'String' } = {},
): Promise<void> {
  const client = new SSMClient(awsOptions({ ...aws.environment, AWS_REGION: region }));
  for (const [path, Value] of Object.entries(secrets))
    await client.send(new PutParameterCommand({ Name: `/muster/${path}`, Value, Type: type }));
  client.destroy();
}

/** In a folder of its own, with this `.env`. */
async function run(env: Readonly<Record<string, string>>, ...words: readonly string[]) {
  const cwd = await mkdtemp(join(tmpdir(), 'muster-owner-'));
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(cwd, '.env'), lines.join(''));
  const file = fileURLToPath(new URL('../../deploy/check/deploy-check.ts', import.meta.url));
  const child = spawn(process.execPath, [file, ...words], {
    cwd,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  await rm(cwd, { recursive: true });
  expose('npm run deploy:check', stdout + stderr);
  return { code, stdout, stderr };
}

describe.skipIf(folder === undefined)('before a deployment', () => {
  test('a right configuration has no problems, and says what holds', async () => {
    await write({
      'production/TokenKeys': tokenKeys,
      'production/Kubeconfig': cluster.kubeconfig,
    });
    const { findings } = await check('production');
    expect(findings.filter(({ kind }) => kind !== 'ok')).toEqual([]);
    expect(findings.map(({ subject }) => subject)).toEqual([
      'arguments',
      'environment',
      'identity',
      'region',
      'concurrency',
      'names',
      'secrets',
      'secrets',
      'secrets',
      'issuer',
      'issuer',
      'cluster',
      'rights',
    ]);
  });

  test('the command reads .env, prints what holds and ends with 0; with a problem it ends with 1', async () => {
    await write({ 'command/TokenKeys': tokenKeys, 'command/Kubeconfig': cluster.kubeconfig });
    const env = environmentOf();
    const right = await run(env, '--stage', 'command');
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(right.stdout).toMatch(/^ok +identity +Account 123456789012, as .+\n/m);
    expect(right.stdout).toMatch(/\nNo problems\. To deploy: npx sst deploy --stage command\n$/);
    const wrong = await run({ ...env, FLEET_SIZE: '0' }, '--stage', 'command');
    expect(wrong).toMatchObject({ code: 1, stderr: '' });
    expect(wrong.stdout).toMatch(
      /\n1 problem\. Nothing was made\. .*npm run deploy:check -- --stage command\n$/,
    );
  });

  test('every problem is told at once, each with its command', async () => {
    const region = 'eu-central-2';
    const elsewhere = { region };
    await write({ 'dev/TokenKeys': tokenKeys, 'late/OauthClients': '{' }, elsewhere);
    await write({ 'late/Kubeconfig': bare.kubeconfig }, { ...elsewhere, type: 'String' });
    const options = awsOptions({ ...aws.environment, AWS_REGION: region });
    await new EventBridgeClient(options).send(
      new CreateEventBusCommand({ Name: 'muster-late-BusBus-abcdefgh' }),
    );
    const ssm = new SSMClient(options);
    await ssm.send(
      new PutParameterCommand({
        Name: '/sst/bootstrap',
        Value: JSON.stringify({ state: 'sst-state-abc' }),
        Type: 'String',
      }),
    );
    const s3 = new S3Client({ ...options, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'sst-state-abc' }));
    await s3.send(
      new PutObjectCommand({ Bucket: 'sst-state-abc', Key: 'lock/muster/late.json', Body: '{}' }),
    );
    const { findings } = await check('late', {
      AWS_REGION: region,
      FLEET_SIZE: 'many',
      ISSUERS: '[{"issuer": 1}]',
      OIDC_CLIENT_ID: 'unknown',
      SWEEP_CONCURRENCY: '9500',
      VPC_SUBNETS: 'subnet-1',
      GUARD_ALLOW: 'x'.repeat(4000),
    });
    const problems = findings
      .filter(({ kind }) => kind === 'problem')
      .map(({ subject, text, hint }) => `${subject}: ${text} ${hint ?? ''}`);
    for (const words of [
      /arguments: FLEET_SIZE is "many"\./,
      /arguments: VPC_SUBNETS and VPC_SECURITY_GROUPS must be set together\./,
      /arguments: The environment of the function Sweep would have \d+ bytes.* GUARD_ALLOW/,
      /environment: .*ISSUERS/,
      /region: Lambda has no Function URLs in eu-central-2\. Add FRONT=api-gateway/,
      /concurrency: .* reserve 9500, but the account has \d+ unreserved/,
      /names: .* is locked\. .* npx sst unlock --stage late/,
      /names: The event bus muster-late-BusBus-abcdefgh is left .* aws events delete-event-bus/,
      /secrets: The secret TokenKeys is missing for the stage late\. It exists for another stage only: dev\. Run: npm run secret -- rotate TokenKeys --stage late/,
      /secrets: The secret OauthClients cannot be used: .* npm run secret -- set OauthClients --stage late/,
      /secrets: The secret Kubeconfig is stored unencrypted\./,
      /issuer: .* refuses the client unknown and the redirect address http:\/\/127\.0\.0\.1\/callback .* Register at/,
      /cluster: .* the CRD is not installed\. Run: kubectl create -k manifests\/crd/,
      /rights: The functions may not get mcpservers, patch mcpservers\/status, create events, .* Run: kubectl apply -k manifests/,
    ])
      expect(problems).toContainEqual(expect.stringMatching(words));
    expect(reportText(findings, 'late')).toMatch(/\n\d+ problems\. Nothing was made\. /);
  });

  test('an EKS cluster that does not exist is told with those that do', async () => {
    await write({ 'eks/TokenKeys': tokenKeys });
    const { of } = await check('eks', { EKS_CLUSTER: 'mine' });
    expect(of('problem', 'cluster')).toMatchObject([
      { text: 'There is no EKS cluster mine in this account and region.' },
    ]);
    expect(of('problem', 'secrets')).toEqual([]);
  });
});
