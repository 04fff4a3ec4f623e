/**
 * `GET /v1/mcpservers` as `npm start` serves it: one page of 500, the whole list of each fleet, and
 * what an answer costs when nothing is new. Run: npm run bench -- list
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import { listSchema } from '../../functions/model/wire/server-wire.ts';
import { median, quantile } from '../figures.ts';
import type { Part, Row, Size } from '../part.ts';
import { peerProgram } from '../peers.ts';
import { ask, closeConnections, type Reply, timesOf } from './list-callers.ts';
import { amounts, fleets as fleetsOf, grantCount, lambdaBytes } from './list-size.ts';
import { pageRows, Rounds, wholeName, wholeRows } from './list-table.ts';
import { type Fleet, listWorld, type ListWorld } from './list-world.ts';

export const part: Part = {
  name: 'list',
  title: 'List of the endpoint',
  measure: async (size) => {
    const world = await listWorld(fleetsOf(size));
    try {
      return await measured(size, world);
    } finally {
      closeConnections();
      await world.end();
    }
  },
};

type Headers = Readonly<Record<string, string>>;

const rowsOfPage = 500;
const page = '/v1/mcpservers';
/** As the command line and the live page ask. */
const whole = '/v1/mcpservers?limit=5000&conditions=none';
const gzip = { 'accept-encoding': 'gzip' };

async function measured(size: Size, world: ListWorld) {
  const amount = amounts(size);
  const { rounds, each, manyCallers } = amount;
  const big = world.fleets.at(-1);
  if (big === undefined) throw new Error('There is no fleet.');
  const values = new Rounds();
  const facts = await firstAnswers(world, big);
  const { kubeconfigFile } = big;
  const peer = peerProgram('kubectl');
  const hasKubectl = peer.kind === 'found';
  // The first round only warms up.
  for (let round = 0; round <= rounds; round += 1) {
    if (round === 1) values.clear();
    await onePage(world, big, { ...amount, values, etag: facts.etag });
    for (const fleet of world.fleets) await wholeLists(world, fleet, values, amount);
    if (hasKubectl) {
      values.add('kubectl raw', await kubectl(kubeconfigFile, ['get', '--raw', clusterPath]));
      const words = ['get', 'mcpservers', '-A', '-o', 'json'];
      values.add('kubectl json', await kubectl(kubeconfigFile, words));
    }
  }
  return {
    rows: [
      ...pageRows(big, values, { hasKubectl, manyCallers }),
      ...wholeRows(world, values, { hasKubectl, manyCallers }),
      ...facts.rows,
    ],
    missing: peer.kind === 'missing' ? [peer.how] : [],
    notes: [
      `The person has ${String(grantCount)} grants. A round has ${String(each)} requests of one caller, and 2 of each of ${String(manyCallers)}.`,
      'Warm: another request read the same page of the cluster less than a second ago. "Nothing shared" asks for a page that no other request has read.',
      'The cluster and the table are the ones of `npm start`, each in a process of its own on the same machine.',
      'The Lease of the last sweep is read besides, also at most once a second.',
      ...facts.notes,
    ],
  };
}

const clusterPath = `/apis/muster.giantswarm.io/v1alpha1/mcpservers?limit=${String(rowsOfPage)}`;

/** Throws where it is no such list. The endpoint gives fewer rows where its cluster is slow. */
const checked = (reply: Reply, rows: number | undefined): Reply => {
  if (reply.status !== 200) throw new Error(`HTTP ${String(reply.status)}: ${String(reply.bytes)}`);
  if (rows === undefined) return reply;
  const { items, continue: next } = listOf(reply);
  const isCut = rows > rowsOfPage && next !== undefined && items.length > 0;
  if (items.length !== rows && !isCut)
    throw new Error(`${String(items.length)} rows instead of ${String(rows)}`);
  return reply;
};

const listOf = ({ headers, bytes }: Reply) =>
  listSchema.parse(
    JSON.parse(String(headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)),
  );

const get = (fleet: Fleet, path: string, headers: Headers = {}): Promise<Reply> =>
  ask({
    url: `${fleet.endpoint}${path}`,
    headers: { authorization: fleet.authorization, ...headers },
  });

const usedSchema = z.object({ cpuMs: z.number(), sent: z.record(z.string(), z.number()) });
const usedBy = async ({ control }: ListWorld) =>
  usedSchema.parse(JSON.parse(String((await ask({ url: control })).bytes)));

/** What is the same in every round: sizes, and requests to others. */
async function firstAnswers(world: ListWorld, big: Fleet) {
  const plain = checked(await get(big, page), Math.min(rowsOfPage, big.count));
  const small = checked(await get(big, page, gzip), Math.min(rowsOfPage, big.count));
  const five = checked(await get(big, whole), Math.min(5_000, big.count));
  const fiveSmall = checked(await get(big, whole, gzip), Math.min(5_000, big.count));
  const signedIn = listOf(five).items.filter(({ session }) => session?.status === 'Authenticated');
  if (signedIn.length === 0) throw new Error('No session of the person is in the list.');
  if (small.headers['content-encoding'] !== 'gzip') throw new Error('gzip was not used.');
  const { etag = '' } = plain.headers;
  if (!/^"[^"]+"$/.test(etag)) throw new Error('The list has no strong ETag.');
  for (const [name, { bytes }] of Object.entries({ plain, small })) {
    const put = await fetch(`${world.bare}/${name}`, {
      method: 'PUT',
      body: new Uint8Array(bytes),
      headers: name === 'small' ? { 'content-encoding': 'gzip' } : {},
    });
    await put.arrayBuffer();
  }
  await usedBy(world);
  checked(await get(big, '/v1/mcpservers?limit=499'), undefined);
  const { sent } = await usedBy(world);
  const lists = sent['/apis/muster.giantswarm.io/v1alpha1/mcpservers'] ?? 0;
  const kb = (reply: Reply): number => reply.bytes.length / 1_000;
  const rows: Row[] = [
    { measure: 'page of 500, plain', unit: 'KB', rounds: [kb(plain)] },
    { measure: 'page of 500, gzip', unit: 'KB', rounds: [kb(small)] },
    {
      measure: `${listOf(five).items.length.toLocaleString('en')} rows in one answer, plain`,
      unit: 'KB',
      rounds: [kb(five)],
      aim: { atMost: 5_000 },
    },
    {
      measure: `${listOf(five).items.length.toLocaleString('en')} rows in one answer, gzip`,
      unit: 'KB',
      rounds: [kb(fiveSmall)],
    },
    {
      measure: 'lists of the cluster for a page of 500 that nothing shares',
      unit: '',
      rounds: [lists],
      aim: { atMost: 1 },
    },
    {
      measure: 'reads of the table for it',
      unit: '',
      rounds: [sent['/'] ?? 0],
      aim: { atMost: 1 },
    },
  ];
  if (lambdaText(five) > lambdaBytes) throw new Error('5,000 rows are more than Lambda carries.');
  return {
    etag,
    rows,
    notes: [
      `Requests for a page that nothing shares: ${Object.entries(sent)
        .map(([path, count]) => `${String(count)} to \`${path}\``)
        .join(', ')}. The table is \`/\`.`,
    ],
  };
}

const lambdaText = ({ bytes }: Reply): number => Buffer.byteLength(JSON.stringify(String(bytes)));

type Round = {
  readonly values: Rounds;
  readonly each: number;
  readonly manyCallers: number;
  readonly etag: string;
};

async function onePage(
  world: ListWorld,
  big: Fleet,
  { values, each, manyCallers, etag }: Round,
): Promise<void> {
  const one = async (path: string, headers: Headers = {}): Promise<number> =>
    checked(await get(big, path, headers), undefined).ms;
  const series = async (
    name: string,
    callers: number,
    count: number,
    run: () => Promise<number>,
  ): Promise<void> => {
    await usedBy(world);
    const times = await timesOf(callers, count, run);
    const { cpuMs } = await usedBy(world);
    values.add(`${name} p50`, median(times));
    values.add(`${name} p99`, quantile(times, 0.99));
    values.add(`${name} cpu`, cpuMs / times.length);
  };
  await one(page);
  await series('plain', 1, each, () => one(page));
  await series('bare plain', 1, each, () => bareTime(world, 'plain'));
  await series('gzip', 1, each, () => one(page, gzip));
  await series('bare gzip', 1, each, () => bareTime(world, 'small'));
  await series('same', 1, each, async () => {
    const reply = await get(big, page, { 'if-none-match': etag });
    if (reply.status !== 304 || reply.bytes.length > 0)
      throw new Error(`HTTP ${String(reply.status)} instead of 304 without a body`);
    return reply.ms;
  });
  // Another limit is another page of the cluster.
  let limit = rowsOfPage;
  await series('unshared', 1, Math.ceil(each / 2), () =>
    one(`${page}?limit=${String((limit -= 1))}`),
  );
  await series('cluster', 1, Math.ceil(each / 2), async () => {
    const reply = await ask({ url: `${big.url}${clusterPath}` });
    return checked(reply, undefined).ms;
  });
  for (const [name, headers] of Object.entries({ function: {}, 'function gzip': gzip }))
    await series(name, 1, each, () => functionTime(world, big, headers));
  await series('many', manyCallers, 2, () => one(page));
  await series('many gzip', manyCallers, 2, () => one(page, gzip));
}

const bareTime = async ({ bare }: ListWorld, name: string): Promise<number> =>
  checked(await ask({ url: `${bare}/${name}` }), undefined).ms;

/** `functionUrlHandler` without HTTP, up to the text that the runtime of Lambda sends on. */
async function functionTime(world: ListWorld, fleet: Fleet, headers: Headers): Promise<number> {
  const query = new URLSearchParams({ path: page, fleet: String(world.fleets.indexOf(fleet)) });
  const { bytes } = await ask({
    url: `${world.control}/?${query.toString()}`,
    headers: { authorization: fleet.authorization, ...headers },
  });
  return z.object({ ms: z.number() }).parse(JSON.parse(String(bytes))).ms;
}

/** All answers of a fleet, one after the other, as a command asks for them. */
async function wholeList(fleet: Fleet): Promise<number> {
  const started = performance.now();
  let next: string | undefined;
  do {
    const token: string = next === undefined ? '' : `&continue=${encodeURIComponent(next)}`;
    const { bytes, status } = await get(fleet, `${whole}${token}`);
    if (status !== 200) throw new Error(`HTTP ${String(status)}`);
    next = continueIn(bytes);
  } while (next !== undefined);
  return performance.now() - started;
}

/** Without parsing megabytes in the process that measures. */
function continueIn(bytes: Buffer): string | undefined {
  const [, token] = /"continue":"([^"]+)"/.exec(bytes.subarray(-8_192).toString()) ?? [];
  return token;
}

async function wholeLists(
  world: ListWorld,
  fleet: Fleet,
  values: Rounds,
  { each, manyCallers }: Pick<Round, 'each' | 'manyCallers'>,
): Promise<void> {
  for (const callers of [1, manyCallers]) {
    await usedBy(world);
    const count = callers === 1 ? Math.max(2, Math.ceil(each / 4)) : 1;
    const times = await timesOf(callers, count, () => wholeList(fleet));
    const { cpuMs } = await usedBy(world);
    const name = wholeName(fleet, callers);
    values.add(`${name} p50`, median(times));
    values.add(`${name} p99`, quantile(times, 0.99));
    values.add(`${name} cpu`, cpuMs / times.length);
  }
}

const run = promisify(execFile);

/** The time of a whole process of kubectl. */
async function kubectl(kubeconfig: string, words: readonly string[]): Promise<number> {
  const started = performance.now();
  await run('kubectl', ['--kubeconfig', kubeconfig, ...words], { maxBuffer: 256 * 1024 * 1024 });
  return performance.now() - started;
}
