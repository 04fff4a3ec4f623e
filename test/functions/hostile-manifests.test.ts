/**
 * MCPServers of someone who may write them and wants to harm the others. The cluster has no limits
 * of length, as with the CRD of giantswarm/muster.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { createApi } from '../../functions/api.ts';
import { longestMessage } from '../../functions/model/outside-text.ts';
import { listSchema } from '../../functions/model/wire/server-wire.ts';
import { createSweep } from '../../functions/sweep.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';
import { type LocalCluster, startCluster } from '../../local/cluster/local-cluster.ts';
import { type Store, startStore } from '../../local/dynamodb.ts';
import { type Bus, startBus } from '../../local/event-bus.ts';
import { startFaultWorld } from '../world/fault-world.ts';
import { aManifest, crdFile, type ManifestParts } from '../world/manifest.ts';

let faults: Awaited<ReturnType<typeof startFaultWorld>>;
let folder: string;
let crdWithoutLimits: string;
beforeAll(async () => {
  process.env['AWS_REGION'] ??= 'local';
  process.env['AWS_ACCESS_KEY_ID'] ??= 'local';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'local';
  faults = await startFaultWorld();
  folder = await mkdtemp(join(tmpdir(), 'muster-hostile-'));
  crdWithoutLimits = join(folder, 'crd.yaml');
  const yaml = await readFile(crdFile, 'utf8');
  const [spec = '', status = ''] = yaml.split(/(?=^            status:$)/m);
  await writeFile(
    crdWithoutLimits,
    spec.replace(/^ *max(Length|Items|Properties): .*\n/gm, '') + status,
  );
});
afterAll(async () => {
  await faults.end();
  await rm(folder, { recursive: true });
});

let cluster: LocalCluster;
let bus: Bus;
let store: Store;
beforeEach(async () => {
  cluster = await startCluster({ crdFile: crdWithoutLimits });
  bus = await startBus([]);
  store = await startStore();
});
afterEach(async () => {
  await bus.close();
  await store.close();
  await cluster.close();
});

const good = (): string => faults.urls['401 with a challenge'] ?? '';
const path = '/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers';

async function send(method: string, at: string, body: object): Promise<void> {
  const response = await fetch(`${cluster.url}${at}`, {
    method,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
}
const declare = (parts: ManifestParts): Promise<void> => send('POST', path, aManifest(parts));

const settings = () => ({
  KUBECONFIG_YAML: cluster.kubeconfig,
  BUS_NAME: 'muster',
  AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  OIDC_ISSUER: good(),
  DNS_SERVERS: faults.resolvers.answering,
  GUARD: 'off',
});
const sweep = (): Promise<SweepReport> =>
  createSweep(settings())({ kind: 'tick', everything: true });

const statusSchema = z.object({
  status: z.object({
    state: z.string(),
    lastError: z.optional(z.string()),
    conditions: z.array(z.object({ type: z.string(), reason: z.string(), message: z.string() })),
  }),
});
const read = async (at: string): Promise<string> => (await fetch(`${cluster.url}${at}`)).text();
const statusOf = async (name: string) =>
  statusSchema.parse(JSON.parse(await read(`${path}/${name}`))).status;
const events = (): Promise<string> => read('/apis/events.k8s.io/v1/events');

const list = async (at = '/v1/mcpservers') => {
  const api = createApi({
    ...settings(),
    AWS_ENDPOINT_URL_DYNAMODB: store.url,
    TABLE_NAME: store.table,
    TOKEN_KEYS: `one:${key}`,
    OIDC_CLIENT_ID: 'muster',
    PUBLIC_URL: 'https://muster.example.com/',
    ANONYMOUS_LIST: 'on',
  });
  const response = await api.request(at);
  expect(response.status).toBe(200);
  const text = await response.text();
  return { text, ...listSchema.parse(JSON.parse(text)) };
};
const key = randomBytes(32).toString('base64url');

describe('a value of spec.headers that cannot be sent', () => {
  const hidden = 's3cret-of-the-team';
  test.each([
    ['a line break', `Bearer ${hidden}\r\nx-more: 1`],
    ['a line feed', `Bearer ${hidden}\n`],
    ['a NUL', `${hidden}\0`],
    ['a letter beyond Latin 1', `${hidden}\u0100`],
  ])(
    'with %s is InvalidSpec, and is in no report, status, Event or change',
    async (_what, value) => {
      const spec = { type: 'streamable-http', url: good(), headers: { authorization: value } };
      await declare({ name: 'a', spec });
      await declare({ name: 'b', spec: { type: 'streamable-http', url: good() } });
      const report = await sweep();
      expect(report).toMatchObject({ probed: 2, written: 2, problems: [] });
      const status = await statusOf('a');
      expect(status.state).toBe('Failed');
      expect(status.conditions).toMatchObject([
        {
          type: 'Reachable',
          reason: 'InvalidSpec',
          message: expect.stringContaining('authorization'),
        },
      ]);
      for (const text of [report, status, await events(), bus.events].map((one) =>
        JSON.stringify(one),
      ))
        expect(text).not.toContain(hidden);
    },
  );
});

describe('a field that is too long for any use', () => {
  const long = (count: number): string => 'x'.repeat(count);
  const entries = (count: number, value: string): Readonly<Record<string, string>> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, value]));
  const auth = (parts: object): object => ({ auth: { type: 'oauth', ...parts } });
  test.each([
    ['spec.url is longer than 2048', { url: `https://example.com/${long(900_000)}` }],
    ['spec.headers has more than 64', { headers: entries(65, 'y') }],
    ['a header name in spec.headers', { headers: { [long(40_000)]: 'y' } }],
    ['a header value in spec.headers', { headers: { 'x-one': long(8193) } }],
    ['spec.auth.requiredAudiences has more', auth({ requiredAudiences: Array(101).fill('a') })],
    ['an entry of spec.auth.requiredAudiences', auth({ requiredAudiences: [long(257)] })],
    [
      'a list of scopes in spec.auth',
      auth({ authorizationServer: { issuer: 'https://login.example.com', scopes: long(30_000) } }),
    ],
    [
      'an address in spec.auth',
      auth({ authorizationServer: { issuer: `https://example.com/${long(3000)}` } }),
    ],
    [
      'a name in spec.auth.tokenExchange',
      auth({ tokenExchange: { clientCredentialsSecretRef: { name: long(300) } } }),
    ],
  ])('is the verdict of that server alone: %s', async (says, parts) => {
    await declare({ name: 'a', spec: { type: 'streamable-http', url: good(), ...parts } });
    await declare({ name: 'b', spec: { type: 'streamable-http', url: good() } });
    const report = await sweep();
    expect(report).toMatchObject({ probed: 2, written: 2, problems: [] });
    expect((await statusOf('b')).state).toBe('Connected');
    const { state, lastError, conditions } = await statusOf('a');
    expect([state, conditions[0]?.reason]).toEqual(['Failed', 'InvalidSpec']);
    expect(lastError).toContain(says);
    expect(lastError?.length).toBeLessThan(longestMessage);
    const shown = await list();
    expect(shown.items.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(shown.text.length + JSON.stringify(report).length).toBeLessThan(5000);
  });

  test('a description is cut and on one line in every answer', async () => {
    const description = `one\nname: \u202egnp.exe ${long(900_000)}`;
    await declare({ name: 'a', spec: { type: 'streamable-http', url: good(), description } });
    const [row] = (await list()).items;
    expect(row?.description).toMatch(/^one name: gnp.exe x+…$/);
    expect(row?.description?.length).toBeLessThanOrEqual(500);
  });
});

test('a list of large rows is cut by bytes, and goes on behind the last row', {
  timeout: 60_000,
}, async () => {
  const conditions = Array.from({ length: 50 }, (_, index) => ({
    type: `t${index}${'y'.repeat(290)}`,
    status: 'True',
    reason: 'R'.repeat(316),
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }));
  const names = Array.from({ length: 180 }, (_, index) => `server-${1000 + index}`);
  for (const name of names) {
    await declare({ name, spec: { type: 'streamable-http', url: good() } });
    await send('PATCH', `${path}/${name}/status`, { status: { conditions } });
  }
  const seen: string[] = [];
  let token: string | undefined;
  let pages = 0;
  do {
    const page = await list(
      `/v1/mcpservers?limit=500${token === undefined ? '' : `&continue=${encodeURIComponent(token)}`}`,
    );
    // Lambda carries the body as a text inside JSON, of at most 6 MB.
    expect(Buffer.byteLength(JSON.stringify({ body: page.text }))).toBeLessThan(6_000_000);
    seen.push(...page.items.map(({ name }) => name));
    token = page.continue;
    pages += 1;
  } while (token !== undefined);
  expect(seen).toEqual(names);
  expect(pages).toBeGreaterThan(1);
});
