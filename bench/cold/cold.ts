/**
 * What a cold start of each function costs: the bundles that are deployed, beside an empty handler,
 * in turn, each in a process of its own. `loaded` is what was read up to the first answer; parts
 * that are loaded on first use are not in it. Run: npm run bench:cold
 */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenOf } from '../../local/demo-person.ts';
import { ada } from '../../local/issuer.ts';
import { eventOf } from '../../local/lambda.ts';
import { startWorld } from '../../local/world.ts';
import { startParameters, type TestParameters } from '../../test/world/parameter-store.ts';
import { bundleFunction } from '../../test/stack/bundle.ts';
import { type ColdStart, coldStart } from './one-cold-start.ts';

const rounds = 15;

const repository = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'muster-cold-'));
const empty = join(folder, 'empty.mjs');
await writeFile(empty, 'export const handler = async () => ({ statusCode: 200 });\n');

async function bundled(name: string): Promise<string> {
  const out = join(folder, name);
  await mkdir(out);
  const { errors } = await bundleFunction({
    folder: repository,
    handler: `functions/${name}.handler`,
    out,
    minify: true,
    splitting: true,
  });
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return join(out, 'bundle.mjs');
}

async function sizeOf(path: string): Promise<number> {
  if ((await stat(path)).isFile()) return (await stat(path)).size / 1024;
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))));
  return sizes.reduce((one, other) => one + other, 0);
}

type Contender = {
  readonly name: string;
  readonly file: string;
  readonly event: () => unknown;
  readonly goal?: { readonly kb: number; readonly ms: number };
};

const world = await startWorld();
let parameters: TestParameters | undefined;
try {
  const { host } = new URL(world.url);
  const token = await tokenOf(ada, { endpoint: world.url, folder: join(folder, 'ada') });
  const list = (headers: Readonly<Record<string, string>>) => () =>
    eventOf({ method: 'GET', url: '/v1/mcpservers', host, headers });
  const tick = () => ({ kind: 'tick', at: new Date().toISOString(), everything: true });
  const [api, sweep] = [await bundled('api'), await bundled('sweep')];
  const goal = { kb: 1000, ms: 120 };
  const contenders: readonly Contender[] = [
    { name: 'empty', file: empty, event: () => ({}) },
    { name: 'api, anonymous list', file: api, event: list({}), goal },
    {
      name: 'api, list with a token',
      file: api,
      event: list({ authorization: `Bearer ${token}` }),
      goal,
    },
    { name: 'sweep', file: sweep, event: tick, goal: { kb: 2000, ms: 200 } },
  ];
  // As deployed, the secrets are read from the Parameter Store, here from a stand-in.
  const { TOKEN_KEYS = '', KUBECONFIG_YAML = '', ...settings } = world.environment;
  parameters = await startParameters({
    '/muster/bench/TokenKeys': TOKEN_KEYS,
    '/muster/bench/Kubeconfig': KUBECONFIG_YAML,
  });
  const environment = {
    ...settings,
    SECRETS_PATH: '/muster/bench',
    AWS_ENDPOINT_URL_SSM: parameters.url,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  const starts = new Map<Contender, ColdStart[]>(contenders.map((one) => [one, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [{ name, file, event }, all] of starts) {
      const start = await coldStart(file, event(), environment);
      if ((start.status ?? 200) !== 200) throw new Error(`${name} answered ${start.status}`);
      all.push(start);
    }
  }
  const median = (of: Contender, number: Exclude<keyof ColdStart, 'status'>): number =>
    (starts.get(of) ?? []).map((one) => one[number]).toSorted((one, other) => one - other)[
      Math.floor(rounds / 2)
    ] ?? 0;
  const [nothing, ...others] = contenders;
  if (nothing === undefined) throw new Error('There is no contender to compare with.');
  const over = (one: Contender, number: 'importMs' | 'answerMs' | 'cpuMs' | 'rssMb'): number =>
    median(one, number) - median(nothing, number);
  const met = (isMet: boolean): string => (isMet ? 'met' : 'missed');
  console.log(
    `Medians of ${rounds} cold starts in turn, above the empty handler (${median(nothing, 'answerMs').toFixed(1)} ms), node ${process.version}, ${availableParallelism()} cores`,
  );
  console.log(
    '| | bundle KB | loaded KB (gzip) | import ms | to first answer ms | CPU ms to first answer | RSS MB | goal |',
  );
  console.log('|---|---:|---:|---:|---:|---:|---:|---|');
  for (const one of others) {
    const cells = [
      one.name,
      await sizeOf(dirname(one.file)),
      `${median(one, 'kb').toFixed(0)} (${median(one, 'gzipKb').toFixed(0)})`,
      over(one, 'importMs'),
      over(one, 'answerMs'),
      over(one, 'cpuMs'),
      over(one, 'rssMb'),
      one.goal &&
        `${one.goal.kb} KB ${met(median(one, 'kb') < one.goal.kb)}, ${one.goal.ms} ms ${met(over(one, 'answerMs') < one.goal.ms)}`,
    ];
    const shown = cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(0) : cell));
    console.log(`| ${shown.join(' | ')} |`);
  }
} finally {
  await world.close();
  await parameters?.close();
  await rm(folder, { recursive: true });
}
