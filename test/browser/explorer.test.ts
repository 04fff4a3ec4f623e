/**
 * The explorer of the site against the real thing: sweeps over servers that behave so, sign-ins
 * that are so, and the built command line.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { handle } from 'hono/aws-lambda';
import pLimit from 'p-limit';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import * as z from 'zod/mini';
import { dynamoTable } from '../../functions/adapters/dynamodb/dynamo-table.ts';
import { sealer } from '../../functions/adapters/dynamodb/seal.ts';
import { sessionStore } from '../../functions/adapters/dynamodb/session-store.ts';
import { createApi } from '../../functions/api.ts';
import { canonicalUrl } from '../../functions/sessions/grant.ts';
import { readApiSettings } from '../../functions/settings.ts';
import { table as tableOf } from '../../cli/output/table.ts';
import { type Row, rowSchema } from '../../functions/model/wire/server-wire.ts';
import { ada } from '../../local/issuer.ts';
import { type FunctionUrlHandler, startFunctionUrl } from '../../local/lambda.ts';
import { startWorld, type World } from '../../local/world.ts';
import { type AnswerName, answers } from '../../site/src/explorer/answers.ts';
import { type SignInName, signIns, type Times, times } from '../../site/src/explorer/choice.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { startFaultWorld } from '../world/fault-world.ts';
import { aManifest } from '../world/manifest.ts';
import { browserOf } from '../world/browser.ts';
import { findChromium, howToGetOne, launch } from './chromium.ts';
import { serveSite } from './serve.ts';

const chromium = findChromium();
if (chromium === undefined) console.warn(howToGetOne);

/** Where the servers of `test/world/faults.ts` answer as the explorer's cases say. */
const faults: Readonly<Record<AnswerName, string>> = {
  '200': '200 with JSON',
  '200-html': '200 with HTML',
  '400': '400',
  '401': '401 with a challenge',
  '403': '403',
  '403-bearer': '403 with a Bearer challenge',
  '404': '404',
  '404-post': '404 for GET, 401 for POST',
  '405': '405 for GET, JSON-RPC for POST',
  '410': '410',
  '429': '429 with Retry-After',
  '500': '500',
  redirect: 'redirect to a login page elsewhere',
  headers: 'headers over 64 KiB',
  '502': '502',
  '503': '503',
  '503-later': '503 with Retry-After',
  refused: 'refused',
  reset: 'reset',
  // TCP has no broadcast: the kernel itself says that there is no route.
  'no-route': 'http://255.255.255.255/mcp',
  silent: 'accepts and stays silent',
  nxdomain: 'http://nowhere.test/mcp',
  'tls-expired': 'expired certificate',
  'tls-early': 'certificate that is not valid yet',
  'tls-self-signed': 'self-signed certificate',
  'tls-other-host': 'certificate for another host',
  'tls-plain': 'TLS to a plain port',
  'not-http': 'not HTTP',
  metadata: 'http://169.254.169.254/mcp',
  '407': '407',
};

const answerNames = answers.map(({ name }) => name);
const isSso = (signIn: SignInName): boolean => signIn.startsWith('sso');
const namespaceOf = (answer: AnswerName, signIn: SignInName): string =>
  `${isSso(signIn) ? 'sso' : 'own'}-${answer}`;

type Seen = {
  /** What `muster list mcpserver` prints. */
  readonly list: string;
  readonly status: unknown;
  /** The command that the endpoint names as the hint. */
  readonly hint?: string;
};
type SeenAll = Map<string, Seen>;
const keyOf = (answer: AnswerName, count: Times, signIn: SignInName): string =>
  `${answer}, ${count}, ${signIn}`;

const ending: (() => Promise<unknown>)[] = [];
let muster: string;
let browser: Browser;
let page: Page;
let real: SeenAll;
let shown: SeenAll;
/** What `muster list mcpserver -n NAMESPACE` printed, and the row of it in the list of all. */
const samples: {
  readonly answer: AnswerName;
  readonly signIn: SignInName;
  readonly printed: string;
  readonly drawn: string;
}[] = [];

describe.skipIf(chromium === undefined)(
  'the explorer says what the built command line says',
  () => {
    beforeAll(async () => {
      muster = await buildMuster();
      ending.push(() => removeMuster(muster));
      const site = await serveSite();
      browser = await launch(chromium ?? '');
      ending.push(site.close, () => browser.close());
      page = await browser.newPage();
      await page.goto(`${site.url}/state-and-session/`);
      await page.locator('muster-explorer form').waitFor();
      real = await throughTheWorld();
      shown = await throughTheKeyboard();
    }, 300_000);
    afterAll(async () => {
      for (const end of ending.toReversed()) await end();
    });

    describe.each(Object.keys(signIns).filter((name): name is SignInName => name in signIns))(
      '%s',
      (signIn) => {
        test.each(times)('after %i in a row', (count) => {
          const keys = answers.map(({ name }) => keyOf(name, count, signIn));
          const told = Object.fromEntries(keys.map((key) => [key, real.get(key)]));
          // Where the endpoint names no next command, the explorer says in words what to do.
          const explored = keys.map((key) => {
            const { hint, ...seen } = shown.get(key) ?? {};
            return [
              key,
              {
                ...seen,
                hint: real.get(key)?.hint === undefined ? undefined : hint?.replace(/^Run: /, ''),
              },
            ];
          });
          expect(Object.fromEntries(explored)).toEqual(told);
        });
      },
    );

    test('every case was looked at', () => {
      const cases = answers.length * times.length * Object.keys(signIns).length;
      expect([real.size, shown.size]).toEqual([cases, cases]);
    });

    test('a list of one namespace prints the row that the list of all has as JSON', () => {
      expect(new Set(samples.map(({ answer }) => answer)).size).toBe(answers.length);
      expect(new Set(samples.map(({ signIn }) => signIn)).size).toBe(Object.keys(signIns).length);
      for (const { printed, drawn } of samples) expect(printed).toBe(drawn);
    });

    test('the choice is in the address, and the address is enough to come back to it', async () => {
      await page.locator('select[name=answer]').selectOption('tls-expired');
      await page.locator('select[name=sign-in]').selectOption('fresh');
      const address = page.url();
      expect(address).toContain('?answer=tls-expired&before=nothing&times=');
      const before = await page.locator('[data-part=verdict]').textContent();
      const fresh = await browser.newPage();
      await fresh.goto(address);
      await expect.poll(() => fresh.locator('[data-part=verdict]').textContent()).toBe(before);
      await fresh.close();
    });
  },
);

/** Every case on a closed list box and radio buttons, by Tab and arrow keys only. */
async function throughTheKeyboard(): Promise<SeenAll> {
  const seen: SeenAll = new Map();
  const first = page.locator('muster-explorer select[name=answer]');
  const look = async (): Promise<Seen> => {
    const part = (name: string): Promise<string> => page.locator(`[data-part=${name}]`).innerText();
    const [list, status, hint] = await Promise.all([part('list'), part('status'), part('hint')]);
    return {
      list: `${list.replace(/^.*\n/, '').trimEnd()}\n`,
      status: essence(parse(status)?.status),
      hint,
    };
  };
  const press = async (key: string, often = 1): Promise<void> => {
    for (let count = 0; count < often; count += 1) await page.keyboard.press(key);
  };
  await first.focus();
  for (const [signInAt, signIn] of (Object.keys(signIns) as readonly SignInName[]).entries()) {
    for (const [countAt, count] of times.entries()) {
      // Back to the first of each, then forward to the one wanted. What was before stays nothing.
      await press('Tab', 2);
      await press('Home');
      await press('ArrowDown', signInAt);
      await press('Tab');
      // Past the last radio button the arrow comes round to the first one.
      if (signInAt + countAt > 0) await press('ArrowRight');
      await press('Shift+Tab', 3);
      await press('Home');
      for (const answer of answerNames) {
        if (answer !== answerNames[0]) await press('ArrowDown');
        seen.set(keyOf(answer, count, signIn), await look());
      }
    }
  }
  return seen;
}

async function throughTheWorld(): Promise<SeenAll> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-explorer-'));
  ending.push(() => rm(folder, { recursive: true }));
  const listeners = await startFaultWorld();
  ending.push(listeners.end);
  const urlOf = (answer: AnswerName): string => listeners.urls[faults[answer]] ?? faults[answer];
  const manifests = answerNames.flatMap((answer) =>
    (['none', 'sso'] as const).map((signIn) =>
      aManifest({
        name: 'tickets',
        namespace: namespaceOf(answer, signIn),
        spec: {
          type: 'streamable-http',
          url: urlOf(answer),
          timeout: 1,
          ...(isSso(signIn) ? { auth: { type: 'oauth', forwardToken: true } } : {}),
        },
      }),
    ),
  );
  await writeFile(
    join(folder, 'servers.yaml'),
    manifests.map((manifest) => stringify(manifest)).join('---\n'),
  );
  await writeFile(join(folder, 'ca.pem'), listeners.caPem);
  const world = await startWorld({
    servers: join(folder, 'servers.yaml'),
    settings: {
      DNS_SERVERS: listeners.resolvers.answering,
      EXTRA_CA_FILE: join(folder, 'ca.pem'),
      GUARD_ALLOW: '255.255.255.255/32',
      // The explorer shows three minutes without a heartbeat, whose moment depends on the uid.
      HEARTBEAT_SECONDS: '8640000',
      FORWARD_HOSTS: answerNames.map((answer) => new URL(urlOf(answer)).host).join(','),
    },
  });
  ending.push(world.close);
  expect(world.refused).toEqual([]);
  // The same cluster and store behind an endpoint whose owner allows nothing.
  let ofStrict: FunctionUrlHandler = async () => ({ statusCode: 503 });
  const strictUrl = await startFunctionUrl({ handler: (...call) => ofStrict(...call) });
  ending.push(strictUrl.close);
  ofStrict = handle(
    createApi({
      ...world.environment,
      FORWARD_HOSTS: '',
      PUBLIC_URL: strictUrl.url,
    }),
  );

  const type = (line: string, home: string | undefined, endpoint: string) =>
    runMuster(muster, line, {
      endpoint,
      ...(home === undefined ? {} : { home }),
      onAddress: (address) => browserOf(ada).visit(address),
    });
  const home = await mkdtemp(join(folder, 'home-'));
  for (const endpoint of [world.url, strictUrl.url])
    expect(await type('auth login', home, endpoint)).toMatchObject({ code: 0 });

  const seen: SeenAll = new Map();
  const atOnce = pLimit(3);
  for (const [countAt, count] of times.entries()) {
    await world.sweep({ everything: true });
    const { items } = await world.list();
    const statuses = await statusesIn(world);
    for (const [signInAt, signIn] of (Object.keys(signIns) as readonly SignInName[]).entries()) {
      await holdGrants(world, items, signIn);
      const endpoint = signIn === 'sso-forbidden' ? strictUrl.url : world.url;
      const who = signIn === 'signed-out' ? undefined : home;
      const rows = rowsIn((await type('list mcpserver -o json', who, endpoint)).stdout);
      const signedIn = who !== undefined;
      const look = async (answer: AnswerName, index: number): Promise<void> => {
        const namespace = namespaceOf(answer, signIn);
        const row = rows.get(namespace);
        if (row === undefined) throw new Error(`${namespace} is not in the list`);
        const list = tableOf([row], { signedIn, now: new Date() });
        // A process for each of hundreds of cases would show nothing more.
        if ((index + countAt + signInAt) % oneIn === 0)
          samples.push({
            answer,
            signIn,
            printed: (await type(`list mcpserver -n ${namespace}`, who, endpoint)).stdout,
            drawn: list,
          });
        // Where all servers have one name, the hint tells them with their namespace.
        const hint = row.session?.hint?.replace(`${namespace}/`, '');
        seen.set(keyOf(answer, count, signIn), {
          list,
          status: essence(statuses.get(namespace)),
          ...(hint === undefined ? {} : { hint }),
        });
      };
      await Promise.all(answerNames.map((answer, index) => atOnce(() => look(answer, index))));
    }
  }
  return seen;
}

/** So many cases of each row of the command are taken from the list of all, and one is printed. */
const oneIn = 6;

const listSchema = z.object({ items: z.array(rowSchema) });

/** By namespace. */
const rowsIn = (json: string): ReadonlyMap<string, Row> =>
  new Map(listSchema.parse(JSON.parse(json)).items.map((row) => [row.namespace, row]));

/** Ada's grants for all servers, as her sign-in would have to be for the case. */
async function holdGrants(
  { environment, issuer }: World,
  rows: readonly Row[],
  signIn: SignInName,
): Promise<void> {
  const endpoint = environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '';
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint }));
  const now = (): Date => new Date();
  const settings = readApiSettings(environment);
  const table = dynamoTable(client, settings.table.tableName);
  const store = sessionStore({ table, sealer: sealer(settings.tokenKeys), now });
  const person = { issuer: issuer.url, subject: ada.subject };
  const hourMs = 3_600_000;
  for (const { uid, url, namespace, name } of rows) {
    await store.deleteGrant(person, uid);
    if (signIn !== 'fresh' && signIn !== 'expired') continue;
    const grant = {
      person,
      serverUid: uid,
      serverName: `${namespace}/${name}`,
      serverUrl: canonicalUrl(url) ?? '',
      headersDigest: '',
      issuer: 'https://issuer.example.com',
      clientId: 'muster',
      resource: canonicalUrl(url) ?? '',
      scopes: [],
      kind: 'signIn' as const,
      obtainedAt: now(),
      expiresAt: new Date(Date.now() + (signIn === 'fresh' ? hourMs : -hourMs)),
      refreshable: false,
    };
    await store.putGrant(grant, { accessToken: 'a token' });
  }
  client.destroy();
}

const objectSchema = z.object({
  metadata: z.object({ namespace: z.string() }),
  status: z.optional(z.unknown()),
});

async function statusesIn({ environment }: World): Promise<ReadonlyMap<string, unknown>> {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromString(environment['KUBECONFIG_YAML'] ?? '');
  const list: unknown = await kubeconfig.makeApiClient(CustomObjectsApi).listClusterCustomObject({
    group: 'muster.giantswarm.io',
    version: 'v1alpha1',
    plural: 'mcpservers',
  });
  const { items } = z.object({ items: z.array(objectSchema) }).parse(list);
  return new Map(items.map(({ metadata, status }) => [metadata.namespace, status]));
}

/** A status without its times. A status that was never written is none. */
const essence = (status: unknown): unknown => {
  if (status === undefined || status === null) return undefined;
  const withoutTimes: unknown = JSON.parse(
    JSON.stringify(status).replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"a time"'),
  );
  return withoutTimes;
};
