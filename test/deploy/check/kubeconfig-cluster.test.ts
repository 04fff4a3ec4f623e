import { afterEach, expect, test } from 'vitest';
import { checkCluster } from '../../../deploy/check/cluster.ts';
import type { StageSecrets } from '../../../deploy/check/stage-secrets.ts';
import { type ClusterOptions, startCluster } from '../../../local/cluster/local-cluster.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => void (await Promise.all(ending.splice(0).map((end) => end()))));

const crdFile = new URL('../../../manifests/crd/crd.yaml', import.meta.url);

async function clusterWith(intercept?: ClusterOptions['intercept']) {
  const cluster = await startCluster({ crdFile, ...(intercept && { intercept }) });
  ending.push(cluster.close);
  return cluster;
}

/** Findings for this kubeconfig in SSM, at an AWS that is an emulator on this machine. */
async function check(kubeconfig: string, environment: Readonly<Record<string, string>> = {}) {
  const secrets: StageSecrets = {
    kind: 'read',
    values: new Map([['Kubeconfig', { value: kubeconfig, isEncrypted: true }]]),
    otherStages: () => [],
  };
  const findings = await checkCluster({
    stage: 'production',
    environment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', ...environment },
    secrets: () => Promise.resolve(secrets),
  });
  return findings.map(({ kind, text, hint = '' }) => `${kind}: ${text} ${hint}`);
}

const at = (path: string, answer: ReturnType<NonNullable<ClusterOptions['intercept']>>) =>
  clusterWith(({ url }) => (url === path ? answer : undefined));

test('an exec plugin is refused with the way out, and never started', async () => {
  const { kubeconfig } = await clusterWith(() => {
    throw new Error('The API server was asked.');
  });
  const withPlugin = kubeconfig.replace(
    'user: {}',
    'user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: /bin/false } }',
  );
  expect(await check(withPlugin)).toEqual([
    expect.stringMatching(
      /^problem: .* starts the program \/bin\/false, .* ServiceAccount muster-sweep/,
    ),
  ]);
});

test('a cluster that is down is told with its address', async () => {
  const { kubeconfig, close } = await startCluster({ crdFile });
  await close();
  expect(await check(kubeconfig)).toEqual([
    expect.stringMatching(
      /^problem: The API server http:\/\/127\.0\.0\.1:\d+ refused the connection\./,
    ),
  ]);
  expect(await check(kubeconfig, { VPC_SUBNETS: 'subnet-1' })).toEqual([
    expect.stringMatching(/^unknown: .* The functions may reach it from VPC_SUBNETS\./),
  ]);
});

test('credentials that the API server refuses are told with the command', async () => {
  const { kubeconfig } = await clusterWith(() => ({ code: 401, body: {} }));
  expect(await check(kubeconfig)).toEqual([
    expect.stringMatching(
      /^problem: .* does not accept the credentials .*\(401\)\. .* npm run secret -- set Kubeconfig --stage production/,
    ),
  ]);
});

test('a CRD of a version that the functions do not read is told with both versions', async () => {
  const { kubeconfig } = await at('/apis/muster.giantswarm.io', {
    code: 200,
    body: { versions: [{ version: 'v1beta1' }] },
  });
  expect((await check(kubeconfig))[0]).toMatch(
    /^problem: .* serves MCPServers as v1beta1; the functions read v1alpha1\./,
  );
});

test('a CRD without the status that the sweep writes is told', async () => {
  const { kubeconfig } = await at('/apis/muster.giantswarm.io/v1alpha1', {
    code: 200,
    body: { resources: [{ name: 'mcpservers' }] },
  });
  expect((await check(kubeconfig))[0]).toMatch(/^problem: .* no subresource status/);
});

test('text that is no kubeconfig is told in the words of the functions', async () => {
  expect(await check('hello')).toEqual([
    expect.stringMatching(
      /^problem: The kubeconfig .* Write it again: manifests\/token\/kubeconfig\.sh \| npm run secret -- set/,
    ),
  ]);
});
