import { createServer, request as forward } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkCluster } from '../../../deploy/check/cluster.ts';
import { createAuthority } from '../../../local/certificates.ts';
import { type LocalCluster, startCluster } from '../../../local/cluster/local-cluster.ts';
import { listen, type Listening } from '../../../local/listen.ts';

let cluster: LocalCluster;
let tls: Listening;
let eks: Listening;
let isLetIn = true;
let groupMay = true;

beforeAll(async () => {
  const authority = await createAuthority();
  const { certPem, keyPem } = await authority.issue({ hosts: ['127.0.0.1'] });
  cluster = await startCluster({
    crdFile: new URL('../../../manifests/crd/crd.yaml', import.meta.url),
    isAllowed: ({ groups }) => groupMay && groups.includes('muster-sweep'),
    intercept: ({ headers }) =>
      isLetIn && headers.authorization?.startsWith('Bearer k8s-aws-v1.')
        ? undefined
        : { code: 401, body: {} },
  });
  tls = await listen(
    createTlsServer({ cert: certPem, key: keyPem }, (request, response) => {
      const { method, url, headers } = request;
      const passed = forward(`${cluster.url}${url}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      request.pipe(passed);
    }),
  );
  // The two operations of EKS that the check uses.
  eks = await listen(
    createServer(({ url }, response) => {
      const isKnown = url === '/clusters/main';
      const body = isKnown
        ? {
            cluster: {
              name: 'main',
              status: 'ACTIVE',
              endpoint: `https://127.0.0.1:${new URL(tls.url).port}`,
              certificateAuthority: { data: Buffer.from(authority.caPem).toString('base64') },
              accessConfig: { authenticationMode: 'API' },
              resourcesVpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ['0.0.0.0/0'] },
            },
          }
        : { clusters: ['main'] };
      response
        .writeHead(isKnown || url === '/clusters' ? 200 : 404, {
          'content-type': 'application/json',
          ...(!isKnown && { 'x-amzn-errortype': 'ResourceNotFoundException' }),
        })
        .end(JSON.stringify(body));
    }),
  );
});
afterAll(() => Promise.all([cluster, tls, eks].map((part) => part?.close())));

const check = (name: string) =>
  checkCluster({
    stage: 'production',
    environment: {
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL: eks.url,
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      EKS_CLUSTER: name,
    },
    secrets: () => Promise.reject(new Error('On EKS there is no kubeconfig.')),
  });

test('the owner asks, with a signature for EKS, what the group of the functions may do', async () => {
  expect(await check('main')).toMatchObject([
    { kind: 'ok', subject: 'cluster', text: 'EKS cluster main: ACTIVE, public, API.' },
    {
      kind: 'ok',
      subject: 'cluster',
      text: expect.stringContaining('serves MCPServers as v1alpha1'),
    },
    { kind: 'ok', subject: 'rights', text: 'The functions have all 7 rights of manifests.' },
  ]);
});

test('a group without its binding is told', async () => {
  groupMay = false;
  const findings = await check('main');
  groupMay = true;
  expect(findings.at(-1)).toMatchObject({
    kind: 'problem',
    subject: 'rights',
    text: expect.stringContaining('The functions may not get mcpservers, list mcpservers'),
    hint: 'Run: kubectl apply -k manifests',
  });
});

test('a cluster that does not let the owner in is no problem of the functions', async () => {
  isLetIn = false;
  const findings = await check('main');
  isLetIn = true;
  expect(findings).toMatchObject([
    { kind: 'ok', subject: 'cluster' },
    {
      kind: 'unknown',
      subject: 'rights',
      text: expect.stringContaining('does not let you in (401)'),
    },
  ]);
});

test('a wrong name is told with the right ones', async () => {
  expect(await check('mian')).toMatchObject([
    {
      kind: 'problem',
      text: expect.stringContaining(
        'no EKS cluster mian in this account and region. There is: main.',
      ),
    },
  ]);
});
