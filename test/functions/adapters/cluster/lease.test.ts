import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectCluster } from '../../../../functions/adapters/cluster/apiserver.ts';
import {
  leaseReader,
  leaseRenewer,
  leaseRights,
  writerOf,
} from '../../../../functions/adapters/cluster/lease.ts';
import { createApi } from '../../../../functions/api.ts';
import { listSchema } from '../../../../functions/model/wire/server-wire.ts';
import type { Answer } from '../../../../local/cluster/answer.ts';
import { type LocalCluster, startCluster } from '../../../../local/cluster/local-cluster.ts';
import { readPage } from '../../../docs/pages.ts';
import { crdFile } from '../../../world/manifest.ts';

const namespace = 'muster-serverless';
let local: LocalCluster;
let answer: Answer | undefined;
let asked: string[];
let managers: Set<string>;
beforeEach(async () => {
  answer = undefined;
  asked = [];
  managers = new Set();
  local = await startCluster({
    crdFile,
    intercept: ({ method, url = '' }) => {
      if (!url.includes('/leases')) return undefined;
      asked.push(method ?? '');
      const { searchParams } = new URL(url, local.url);
      if (method !== 'GET') managers.add(searchParams.get('fieldManager') ?? '');
      return answer;
    },
  });
});
afterEach(() => local.close());

const renew = (at: Date, name = 'muster-sweep') =>
  leaseRenewer(connectCluster({ kubeconfig: local.kubeconfig }), {
    namespace,
    name,
    durationMs: 180_000,
  })(at);
const read = (name = 'muster-sweep') =>
  leaseReader(connectCluster({ kubeconfig: local.kubeconfig }), { namespace, name })();

test('the first sweep creates the Lease, and every later one renews it with one request', async () => {
  expect(await read()).toBeUndefined();
  asked = [];
  expect(await renew(new Date('2026-01-01T00:00:00.001Z'))).toBeUndefined();
  expect(await renew(new Date('2026-01-01T00:01:00.002Z'))).toBeUndefined();
  expect(asked).toEqual(['PATCH', 'POST', 'PATCH']);
  expect(await read()).toEqual(new Date('2026-01-01T00:01:00.002Z'));
});

test('a Lease that we may not write is told, and one that we may not read is not known', async () => {
  answer = { code: 403, body: '{}' };
  expect(await renew(new Date())).toContain('does not let us patch leases (403)');
  expect(await read()).toBeUndefined();
});

describe('two stages on one cluster', () => {
  const staging = 'muster-sweep-staging';

  test('have two Leases, so that one cannot hide that the other stopped', async () => {
    await renew(new Date('2026-01-01T00:00:00Z'));
    await renew(new Date('2026-01-01T00:05:00Z'), staging);
    expect(await read()).toEqual(new Date('2026-01-01T00:00:00Z'));
    expect(await read(staging)).toEqual(new Date('2026-01-01T00:05:00Z'));
  });

  test('are told apart in the cluster by their holder and their field manager', async () => {
    await renew(new Date(), staging);
    const leases = `${local.url}/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    const lease: unknown = await (await fetch(`${leases}/${staging}`)).json();
    expect(lease).toMatchObject({ spec: { holderIdentity: staging } });
    expect(managers).toEqual(new Set([staging]));
    expect([writerOf('muster-sweep'), writerOf(staging)]).toEqual(['muster-serverless', staging]);
  });

  test('a stage without the right to its Lease is told the commands that give it', async () => {
    answer = { code: 403, body: '{}' };
    const problem = await renew(new Date(), staging);
    for (const command of leaseRights(namespace, staging)) expect(problem).toContain(command);
  });

  test('the page on deployment has the same commands', async () => {
    const page = await readPage('deploy.md');
    for (const command of leaseRights(namespace, staging)) expect(page).toContain(command);
  });

  test('the list of each endpoint goes by the Lease of its own stage', async () => {
    await renew(new Date(Date.now() - 600_000));
    await renew(new Date(), staging);
    const list = async (more = {}) =>
      listSchema.parse(await (await anEndpoint(more).request('/v1/mcpservers')).json());
    expect(await list()).toMatchObject({ sweepsStopped: true });
    expect(await list({ LEASE_NAME: staging })).toMatchObject({ sweepsStopped: false });
  });
});

const anEndpoint = (more: Readonly<Record<string, string>> = {}) =>
  createApi({
    KUBECONFIG_YAML: local.kubeconfig,
    ANONYMOUS_LIST: 'on',
    GUARD: 'off',
    OIDC_CLIENT_ID: 'muster-cli',
    OIDC_ISSUER: 'https://login.example.com',
    PUBLIC_URL: 'https://muster.example.com',
    TABLE_NAME: 'table',
    TOKEN_KEYS: `one:${randomBytes(32).toString('base64url')}`,
    ...more,
  });

test.each([
  ['a minute', 60_000, false],
  ['three ticks and a second', 181_000, true],
])(
  'a list says whether nobody has swept for too long: after %s',
  async (_what, agoMs, sweepsStopped) => {
    const sweptAt = new Date(Date.now() - agoMs);
    await renew(sweptAt);
    const list = listSchema.parse(await (await anEndpoint().request('/v1/mcpservers')).json());
    expect(list).toMatchObject({ items: [], sweptAt: sweptAt.toISOString(), sweepsStopped });
  },
);
