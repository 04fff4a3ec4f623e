/**
 * Every combination of server, way to sign in and grant: the same word in the list, in get, in auth
 * status and in JSON.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { sessionCell } from '../cli/output/table.ts';
import { dynamoTable } from '../functions/adapters/dynamodb/dynamo-table.ts';
import { pageLister, statusPatcher } from '../functions/adapters/cluster/kubernetes.ts';
import { sealer } from '../functions/adapters/dynamodb/seal.ts';
import { sessionStore } from '../functions/adapters/dynamodb/session-store.ts';
import { createApi } from '../functions/api.ts';
import { readClusterSettings } from '../functions/settings.ts';
import { createCluster } from '../functions/wiring/cluster-client.ts';
import type { Condition, McpServer } from '../functions/model/mcpserver.ts';
import type { Grant } from '../functions/sessions/grant.ts';
import { type Row, rowSchema, sessionSchema } from '../functions/model/wire/server-wire.ts';
import { ada } from '../local/issuer.ts';
import { startWorld, type World } from '../local/world.ts';
import { aRow } from './cli/rows.ts';
import { buildMuster, removeMuster, runMuster } from './cli/run.ts';
import { aManifest } from './world/manifest.ts';
import { browserOf } from './world/browser.ts';
import { aCondition, aStatus } from './world/server.ts';
import { defined } from '../functions/model/defined.ts';

const states = ['Connected', 'Auth Required', 'Connecting', 'Failed', ''] as const;
const asking = ['True', 'False', 'Unknown'] as const;
const kinds = ['none', 'signIn', 'exchange', 'forwarding'] as const;
const conditions = [
  'fresh',
  'near expiry',
  'expired refreshable',
  'expired',
  'refused',
  'foreign issuer',
  'old uid',
  'dropped key',
] as const;

type Case = {
  readonly name: string;
  readonly state: (typeof states)[number];
  readonly asks: (typeof asking)[number];
  readonly kind: (typeof kinds)[number];
  readonly grant: (typeof conditions)[number];
};

const cases: readonly Case[] = states
  .flatMap((state) =>
    asking.flatMap((asks) =>
      kinds.flatMap((kind) =>
        (kind === 'none' ? (['fresh'] as const) : conditions).map((grant) => ({
          state,
          asks,
          kind,
          grant,
        })),
      ),
    ),
  )
  .map((one, index) => Object.assign(one, { name: `case-${String(index).padStart(3, '0')}` }));

/** What the design says, written down a second time. */
function expected({ state, asks, kind, grant }: Case): string {
  if (state !== 'Connected' && state !== 'Auth Required') return '-';
  // What spec.auth declares wins over what was seen.
  if (kind === 'none') return asks === 'False' ? '-' : 'Pending Auth';
  if (kind === 'forwarding')
    return grant === 'refused' ? 'Pending Auth [SSO: Failed]' : 'Authenticated [SSO: Forwarded]';
  if (grant === 'foreign issuer' || grant === 'old uid') return 'Pending Auth';
  if (grant === 'refused') return 'Expired';
  // It is exchanged again whenever that is needed: the end of its token ends nothing.
  if (kind === 'exchange') return 'Authenticated [SSO: Exchanged]';
  return grant === 'expired' || grant === 'dropped key' ? 'Expired' : 'Authenticated';
}

const issuer = 'https://issuer.example.com';
const url = 'https://mcp.example.com/mcp';
const auths = {
  none: { type: 'oauth' },
  signIn: { type: 'oauth', authorizationServer: { issuer } },
  exchange: {
    type: 'oauth',
    tokenExchange: { enabled: true, dexTokenEndpoint: `${issuer}/token`, connectorId: 'muster' },
  },
  forwarding: { type: 'oauth', forwardToken: true },
} as const;

const minutes = (count: number) => new Date(Date.now() + count * 60_000);

function grantOf(
  { name, kind, grant: fact }: Case & { kind: Grant['kind'] },
  uid: string,
  person: Grant['person'],
): Grant {
  const ends = {
    fresh: 60,
    'near expiry': 3,
    'expired refreshable': -5,
    expired: -5,
    refused: 60,
    'foreign issuer': 60,
    'old uid': 60,
    'dropped key': 60,
  };
  return defined({
    person,
    serverUid: fact === 'old uid' ? `${uid}-of-before` : uid,
    serverName: `default/${name}`,
    serverUrl: url,
    headersDigest: '',
    issuer: fact === 'foreign issuer' ? 'https://another.example.com' : issuer,
    clientId: 'muster',
    resource: url,
    scopes: ['mcp'],
    kind,
    obtainedAt: minutes(-60),
    expiresAt: minutes(ends[fact]),
    refreshable: fact === 'expired refreshable',
    refused:
      fact === 'refused'
        ? {
            at: minutes(-1),
            by: 'server' as const,
            message: 'The server refused the token.',
          }
        : undefined,
  });
}

let world: World;
let file: string;
let home: string;
let bearer: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'muster-home-'));
  const servers = join(home, 'servers.yaml');
  const manifests = cases.map(({ name, kind, asks }) =>
    aManifest({
      name,
      namespace: 'default',
      spec: {
        type: 'streamable-http',
        url,
        auth: kind === 'none' && asks === 'False' ? { type: 'none' } : auths[kind],
      },
    }),
  );
  await writeFile(servers, manifests.map((one) => JSON.stringify(one)).join('\n---\n'));
  const settings = { FORWARD_HOSTS: 'mcp.example.com', EXCHANGE_ISSUERS: issuer };
  [world, file] = await Promise.all([startWorld({ servers, settings }), buildMuster()]);
  if (world.refused.length > 0) throw new Error(world.refused.join());
  // Before there is a state: single sign-on leaves all of them alone.
  const signedIn = await muster('auth login', (address) => browserOf(ada).visit(address));
  if (signedIn.code !== 0) throw new Error(signedIn.stderr);
  bearer = await keptBearer();
  await seed(await declared());
}, 120_000);
afterAll(() => Promise.all([world.close(), removeMuster(file), rm(home, { recursive: true })]));

const muster = (line: string, onAddress?: (address: string) => Promise<unknown>) =>
  runMuster(
    file,
    line,
    defined({
      endpoint: world.url,
      home,
      onAddress,
    }),
  );

/** The bearer of the command line: whoever asks with it sees the very same expiry. */
async function keptBearer(): Promise<string> {
  const folder = join(home, '.config', 'muster-serverless', 'tokens');
  const [name = ''] = await readdir(folder);
  return z
    .object({ idToken: z.string() })
    .parse(JSON.parse(await readFile(join(folder, name), 'utf8'))).idToken;
}

async function declared(): Promise<ReadonlyMap<string, McpServer>> {
  const listed = await pageLister(createCluster(readClusterSettings(world.environment)))({
    limit: 500,
  });
  if (listed.kind !== 'page') throw new Error(listed.kind);
  return new Map(listed.page.servers.map((server) => [server.name, server]));
}

/** Writes the status and the grant of each case. */
async function seed(servers: ReadonlyMap<string, McpServer>): Promise<void> {
  const patch = statusPatcher(createCluster(readClusterSettings(world.environment)));
  const {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint = '',
    TABLE_NAME = '',
    TOKEN_KEYS = '',
  } = world.environment;
  const client = new DynamoDBClient({ endpoint });
  const table = dynamoTable(DynamoDBDocumentClient.from(client), TABLE_NAME);
  const storeWith = (key: string) =>
    sessionStore({ table, sealer: sealer([key]), now: () => new Date() });
  const store = storeWith(TOKEN_KEYS);
  const droppedKey = `dropped:${randomBytes(32).toString('base64url')}`;
  const person = { issuer: world.issuer.url, subject: ada.subject };
  for (const one of cases) {
    const server = servers.get(one.name);
    if (server === undefined) throw new Error(`${one.name} is not there`);
    const { kind } = one;
    if (one.state !== '')
      expect(await patch(server, statusOf(one))).toMatchObject({ kind: 'written' });
    if (kind !== 'none')
      await (one.grant === 'dropped key' ? storeWith(droppedKey) : store).putGrant(
        grantOf({ ...one, kind }, server.uid, person),
        {
          accessToken: 'the-token',
          refreshToken: 'r',
        },
      );
  }
  client.destroy();
}

function statusOf({ state, asks }: Case) {
  const answered: Condition['status'] =
    state === 'Connected' || state === 'Auth Required' ? 'True' : 'False';
  const seen = [
    aCondition({ status: answered }),
    ...(asks === 'Unknown' ? [] : [aCondition({ type: 'AuthRequired', status: asks })]),
  ];
  return aStatus({ state, lastAttempt: new Date(), conditions: seen });
}

const wanted = () => Object.fromEntries(cases.map((one) => [one.name, expected(one)]));
const told = (rows: readonly Pick<Row, 'name' | 'session'>[]) =>
  Object.fromEntries(
    rows.map(({ name, session }) => [
      name,
      session === undefined ? 'nothing' : sessionCell(aRow({ session })),
    ]),
  );
const itemsSchema = z.object({
  items: z.array(z.object({ name: z.string(), session: z.exactOptional(sessionSchema) })),
});
const itemsIn = (text: string) => itemsSchema.parse(JSON.parse(text)).items;

test(`${String(cases.length)} combinations have the word of the design in the list, as JSON and as a table`, async () => {
  const json = await muster('list mcpserver -o json');
  expect(told(itemsIn(json.stdout))).toEqual(wanted());
  const { stdout } = await muster('list mcpserver --no-headers');
  const cells = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {3,}/));
  expect(Object.fromEntries(cells.map(([name, , session]) => [name, session]))).toEqual(wanted());
});

test('a session that ends soon and cannot be refreshed says so, with the command; no other one does', async () => {
  const { stdout } = await muster('list mcpserver -o json');
  const soon = itemsIn(stdout).filter(
    ({ session }) => session?.status === 'Authenticated' && session.message !== undefined,
  );
  const near = cases.filter(
    (one) =>
      one.grant === 'near expiry' &&
      expected(one).startsWith('Authenticated') &&
      one.kind === 'signIn',
  );
  expect(soon.map(({ name }) => name)).toEqual(near.map(({ name }) => name));
  expect(soon[0]?.session).toMatchObject({
    message: expect.stringContaining('less than 5 minutes'),
    hint: expect.stringMatching(/^muster auth login --server /),
  });
});

test('auth status has the same words, as JSON and as text', async () => {
  const json = await muster('auth status -o json');
  expect(told(itemsIn(json.stdout))).toEqual(wanted());
  expect(json.code).toBe(2);
  const text = await muster('auth status');
  const lines = [...text.stdout.matchAll(/^ {2}(case-\d+) {3}(.+?)(?: {4,}.*)?$/gm)].map(
    ([, name, cell = '']) => [name, cell.trim()],
  );
  expect(Object.fromEntries(lines)).toEqual(wanted());
});

test('get has the same words, and the same facts as the list', async () => {
  const listed = new Map(
    itemsIn((await muster('list mcpserver -o json')).stdout).map(({ name, session }) => [
      name,
      session,
    ]),
  );
  const api = createApi(world.environment);
  const get = async ({ name }: Case) => {
    const answer = await api.request(`/v1/mcpservers/default/${name}`, {
      headers: { authorization: `Bearer ${bearer}` },
    });
    return rowSchema.parse(await answer.json());
  };
  const rows = await Promise.all(cases.map(get));
  for (const { name, session } of rows) expect(session).toEqual(listed.get(name));
  expect(told(rows)).toEqual(wanted());
  // The command prints what it was given; a sample of each word shows it.
  const samples = [...new Map(cases.map((one) => [expected(one), one.name])).values()];
  for (const name of samples) {
    const { stdout } = await muster(`get mcpserver ${name} -o json`);
    expect(rowSchema.parse(JSON.parse(stdout)).session).toEqual(listed.get(name));
    const at = await muster(`auth status --server ${name}`);
    expect(/^Session: +(.*)$/m.exec(at.stdout)?.[1]).toBe(wanted()[name]);
  }
}, 120_000);
