import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectCluster } from '../../../../functions/adapters/cluster/apiserver.ts';
import { leaseReader, leaseRenewer } from '../../../../functions/adapters/cluster/lease.ts';
import { createApi } from '../../../../functions/api.ts';
import { listSchema } from '../../../../functions/model/wire/server-wire.ts';
import type { Answer } from '../../../../local/cluster/answer.ts';
import { type LocalCluster, startCluster } from '../../../../local/cluster/local-cluster.ts';
import { crdFile } from '../../../world/manifest.ts';

const namespace = 'muster-serverless';
let local: LocalCluster;
let answer: Answer | undefined;
let asked: string[];
beforeEach(async () => {
  answer = undefined;
  asked = [];
  local = await startCluster({
    crdFile,
    intercept: ({ method, url = '' }) => {
      if (!url.includes('/leases')) return undefined;
      asked.push(method ?? '');
      return answer;
    },
  });
});
afterEach(() => local.close());

const renew = (at: Date) =>
  leaseRenewer(connectCluster({ kubeconfig: local.kubeconfig }), {
    namespace,
    durationMs: 180_000,
  })(at);
const read = () => leaseReader(connectCluster({ kubeconfig: local.kubeconfig }), namespace)();

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

test.each([
  ['a minute', 60_000, false],
  ['three ticks and a second', 181_000, true],
])(
  'a list says whether nobody has swept for too long: after %s',
  async (_what, agoMs, sweepsStopped) => {
    const sweptAt = new Date(Date.now() - agoMs);
    await renew(sweptAt);
    const api = createApi({
      KUBECONFIG_YAML: local.kubeconfig,
      ANONYMOUS_LIST: 'on',
      GUARD: 'off',
      OIDC_CLIENT_ID: 'muster-cli',
      OIDC_ISSUER: 'https://login.example.com',
      PUBLIC_URL: 'https://muster.example.com',
      TABLE_NAME: 'table',
      TOKEN_KEYS: `one:${randomBytes(32).toString('base64url')}`,
    });
    const list = listSchema.parse(await (await api.request('/v1/mcpservers')).json());
    expect(list).toMatchObject({ items: [], sweptAt: sweptAt.toISOString(), sweepsStopped });
  },
);
