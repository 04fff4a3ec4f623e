/** The metrics that the deployed bundles emit, and those that alarms and the dashboard look for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { grantKey } from '../../functions/adapters/dynamodb/row-keys.ts';
import { limits } from '../../functions/model/limits.ts';
import { ada } from '../../local/issuer.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { startWorld, type World } from '../../local/world.ts';
import { bearerFor } from '../world/bearer.ts';
import { aManifest } from '../world/manifest.ts';
import { deployed, isMissing } from './deployed.ts';
import { type Emitted, emittedIn, idOf } from './embedded-metrics.ts';
import { type Bundled, startBundles } from './functions.ts';

const nothingListens = 'http://127.0.0.1:9';
const serverNames = ['server-a', 'server-b'];

let world: World;
let bundles: Bundled;
let emitted: readonly Emitted[];
const ending: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  if (isMissing) return;
  const folder = await mkdtemp(join(tmpdir(), 'muster-metrics-'));
  ending.push(() => rm(folder, { recursive: true }));
  const servers = await Promise.all(
    serverNames.map(() =>
      listen(
        createServer((_request, response) => {
          response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
        }),
      ),
    ),
  );
  const file = join(folder, 'servers.yaml');
  await writeFile(file, yamlOf(servers));
  world = await startWorld({
    servers: file,
    settings: { PROBER_CHECK_URL: nothingListens, METRICS_NAMESPACE: 'muster-production' },
    functions: async (environment) => (bundles = await startBundles(environment)),
  });
  ending.push(() => world.close());
  const logs = [
    ...(await sweepsInTrouble(servers)),
    ...(await requestsInTrouble(await bearerFor(world.issuer, ada))),
  ];
  emitted = emittedIn(logs);
}, 120_000);
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
});

const yamlOf = (servers: readonly Listening[]): string =>
  servers
    .map(({ url }, index) =>
      stringify(
        aManifest({
          name: serverNames[index] ?? '',
          spec: { type: 'streamable-http', url: `${url}/mcp`, timeout: 1 },
        }),
      ),
    )
    .join('---\n');

/** The lines of sweeps whose bus is down, that succeed, and whose network is down. */
async function sweepsInTrouble(servers: readonly Listening[]): Promise<readonly string[]> {
  const withoutBus = await startBundles({
    ...world.environment,
    AWS_ENDPOINT_URL_EVENTBRIDGE: nothingListens,
    PAGE_SIZE: '1',
  });
  ending.push(withoutBus.close);
  const tick = () => ({ kind: 'tick', at: new Date().toISOString(), everything: true });
  await withoutBus.sweep(tick());
  await world.sweep({ everything: true });
  // All servers that were there are gone, and so is what the prober checks itself by.
  await Promise.all(servers.map(({ close }) => close()));
  await world.sweep({ everything: true });
  const { log } = bundles.lambdas.sweep;
  await untilWritten(withoutBus.lambdas.sweep.log, ['"UnpublishedCount":1']);
  await untilWritten(log, ['"ProberOfflineCount":1']);
  return [...withoutBus.lambdas.sweep.log, ...log];
}

/** The lines of requests beyond a limit, without a proof, and for a row that is none of ours. */
async function requestsInTrouble(token: string): Promise<readonly string[]> {
  const headers = { authorization: `Bearer ${token}` };
  const ask = (method: string, path: string) => fetch(`${world.url}${path}`, { method, headers });
  const statuses: number[] = [];
  for (let count = 0; count <= limits.check.count; count += 1)
    statuses.push((await ask('POST', '/v1/mcpservers/default/server-a/check')).status);
  expect(statuses.at(-1)).toBe(429);
  const release = await ask('POST', '/v1/mcpservers/default/server-a/session/token');
  expect(release.status).toBeGreaterThanOrEqual(400);
  await putOddGrant();
  expect((await ask('GET', '/v1/mcpservers')).status).toBe(200);
  const { log } = bundles.lambdas.api;
  await untilWritten(log, ['LimitReachedCount', 'ProofRefusedCount', 'UnreadableRowCount']);
  return [...log];
}

/** What a function wrote comes by a pipe, perhaps after its answer. */
const untilWritten = (log: readonly string[], texts: readonly string[]): Promise<void> =>
  vi.waitFor(
    () => {
      const missing = texts.filter((text) => !log.some((line) => line.includes(text)));
      if (missing.length > 0) throw new Error(`Not written: ${missing.join(', ')}`);
    },
    { timeout: 5000, interval: 10 },
  );

async function putOddGrant(): Promise<void> {
  const uid = (await world.list()).items[0]?.uid ?? '';
  const { pk, sk } = grantKey({ issuer: world.issuer.url, subject: ada.subject }, uid);
  const client = new DynamoDBClient({
    endpoint: world.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
  });
  const TableName = world.environment['TABLE_NAME'];
  const Item = { pk: { S: pk }, sk: { S: sk }, sealed: { S: 'of nobody' } };
  await client.send(new PutItemCommand({ TableName, Item }));
  client.destroy();
}

const metricInputs = z.looseObject({
  namespace: z.string(),
  metricName: z.string(),
  dimensions: z.record(z.string(), z.string()),
});
const queryInputs = z.looseObject({
  metricQueries: z.tuple([z.object({ metric: metricInputs })], z.unknown()),
});
const metricOf = (inputs: unknown): z.infer<typeof metricInputs> => {
  const query = queryInputs.safeParse(inputs).data;
  return query === undefined ? metricInputs.parse(inputs) : query.metricQueries[0].metric;
};
const isOurs = ({ namespace }: { readonly namespace: string }): boolean =>
  !namespace.startsWith('AWS/');

describe.skipIf(isMissing)('the metrics of the deployed functions', () => {
  test('are lines that CloudWatch takes, with one namespace and few dimensions', () => {
    expect(emitted.length).toBeGreaterThan(20);
    expect(new Set(emitted.map(({ namespace }) => namespace))).toEqual(
      new Set(['muster-production']),
    );
    expect(new Set(emitted.flatMap(({ dimensions }) => Object.keys(dimensions)))).toEqual(
      new Set(['service', 'Reason']),
    );
    expect(JSON.stringify(emitted)).not.toMatch(/server-a|"ada"|ada@/);
  });

  test('are those that our alarms look for, and each counts what it is about', () => {
    const ours = deployed()
      .ofType('aws:cloudwatch/metricAlarm:MetricAlarm')
      .map(({ name, inputs }) => ({ name, metric: metricOf(inputs) }))
      .filter(({ metric }) => isOurs(metric));
    expect(ours.length).toBeGreaterThan(8);
    const ids = new Set(emitted.map(idOf));
    const missing = ours.filter(
      ({ metric: { namespace, metricName, dimensions } }) =>
        !ids.has(idOf({ namespace, name: metricName, dimensions })),
    );
    expect(missing).toEqual([]);
    // The trouble above is counted by the metric of each alarm; only a late probe was not made.
    const counted = new Set(emitted.filter(({ value }) => value >= 1).map(({ name }) => name));
    const uncounted = ours.filter(
      ({ name, metric }) => name !== 'SweepLate' && !counted.has(metric.metricName),
    );
    expect(uncounted.map(({ name }) => name)).toEqual([]);
  });

  test('are those of the graphs, whose search quotes a namespace with a hyphen', () => {
    const { dashboardBody } = z
      .object({ dashboardBody: z.string() })
      .parse(deployed().inputs('Dashboard', 'Dashboard'));
    const { widgets } = z
      .object({ widgets: z.array(z.object({ properties: z.looseObject({}) })) })
      .parse(JSON.parse(dashboardBody));
    const graphs = widgets.flatMap(({ properties }) =>
      z._default(z.array(z.array(z.unknown())), []).parse(properties['metrics']),
    );
    const names = graphs.filter(([first]) => typeof first === 'string');
    const ids = new Set(emitted.map(idOf));
    for (const graph of names) {
      const [namespace = '', name = '', ...pairs] = z.array(z.string()).parse(graph);
      if (!isOurs({ namespace })) continue;
      const dimensions = Object.fromEntries(
        pairs.flatMap((key, index) => (index % 2 === 0 ? [[key, pairs[index + 1] ?? '']] : [])),
      );
      expect(ids).toContain(idOf({ namespace, name, dimensions }));
    }
    expect(names.length).toBeGreaterThan(15);

    const [search] = graphs.filter(([first]) => typeof first !== 'string').flat();
    const { expression } = z.object({ expression: z.string() }).parse(search);
    const parts =
      /^SEARCH\('\{("[^"]+"|[A-Za-z0-9/]+),([\w,]+)\} MetricName="(\w+)"', 'Sum', 60\)$/.exec(
        expression,
      );
    const [, namespace, dimensions, name] = parts ?? [];
    const found = emitted.filter((one) => one.name === name);
    expect(found.length).toBeGreaterThan(0);
    for (const one of found) {
      expect(`"${one.namespace}"`).toBe(namespace);
      expect(Object.keys(one.dimensions).toSorted()).toEqual(dimensions?.split(',').toSorted());
    }
  });
});
