/**
 * What a cold start of each function costs: the bundles that are deployed, beside an empty handler,
 * in turn, each in a process of its own. What is loaded later than the first answer is not in it.
 */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defined } from '../../functions/model/defined.ts';
import { tokenOf } from '../../local/demo-person.ts';
import { ada } from '../../local/issuer.ts';
import { eventOf } from '../../local/lambda.ts';
import { startWorld, type World } from '../../local/world.ts';
import { bundleFunction } from '../../test/stack/bundle.ts';
import { startParameters, type TestParameters } from '../../test/world/parameter-store.ts';
import { median } from '../figures.ts';
import type { Aim, Part, Result, Row, Size } from '../part.ts';
import { type ColdStart, coldStart } from './one-cold-start.ts';

export const part: Part = {
  name: 'cold',
  title: 'Cold start of the functions',
  measure,
};

const roundsOf = { full: 15, small: 1 } as const;
const warmUpsOf = { full: 1, small: 0 } as const;

/** The aims: what is read, and how much longer than an empty handler the first answer takes. */
const aims = {
  'list without a token': { kb: 1000, ms: 120 },
  'list with a token': { kb: 1000, ms: 120 },
  sweep: { kb: 2000, ms: 200 },
} as const;

type Started = {
  readonly name: keyof typeof aims;
  readonly file: string;
  readonly event: () => unknown;
};
type Environment = Readonly<Record<string, string | undefined>>;

async function measure(size: Size): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-cold-'));
  const world = await startWorld();
  let parameters: TestParameters | undefined;
  try {
    const empty = join(folder, 'empty.mjs');
    await writeFile(empty, 'export const handler = async () => ({ statusCode: 200 });\n');
    const functions = await bundledFunctions(world, folder);
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
    const emptyStarts: ColdStart[] = [];
    const starts = functions.map((of) => ({ of, all: new Array<ColdStart>() }));
    for (let round = -warmUpsOf[size]; round < roundsOf[size]; round += 1) {
      const nothing = await coldStart(empty, {}, environment);
      if (round >= 0) emptyStarts.push(nothing);
      for (const { of, all } of starts) {
        const start = await answered(of, environment);
        if (round >= 0) all.push(start);
      }
    }
    return {
      rows: starts.flatMap(({ of, all }) => rowsOf(of.name, all, emptyStarts)),
      missing: [],
      notes: [
        `The empty handler answers ${median(emptyStarts.map(({ answerMs }) => answerMs)).toFixed(1)} ms after its import began.`,
        'Times are those above the empty handler of the same round.',
        ...(await Promise.all(starts.map(({ of, all }) => noteOf(of, all, emptyStarts)))),
      ],
    };
  } finally {
    await world.close();
    await parameters?.close();
    await rm(folder, { recursive: true });
  }
}

async function bundledFunctions(world: World, folder: string): Promise<readonly Started[]> {
  const { host } = new URL(world.url);
  const token = await tokenOf(ada, { endpoint: world.url, folder: join(folder, 'ada') });
  const list = (headers: Readonly<Record<string, string>>) => () =>
    eventOf({ method: 'GET', url: '/v1/mcpservers', host, headers });
  const tick = () => ({ kind: 'tick', at: new Date().toISOString(), everything: true });
  const [api, sweep] = [await bundled('api', folder), await bundled('sweep', folder)];
  return [
    { name: 'list without a token', file: api, event: list({}) },
    {
      name: 'list with a token',
      file: api,
      event: list({ authorization: `Bearer ${token}` }),
    },
    { name: 'sweep', file: sweep, event: tick },
  ];
}

async function bundled(name: string, folder: string): Promise<string> {
  const out = join(folder, name);
  await mkdir(out);
  const { errors } = await bundleFunction({
    folder: fileURLToPath(new URL('../..', import.meta.url)),
    handler: `functions/${name}.handler`,
    out,
    minify: true,
    splitting: true,
  });
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return join(out, 'bundle.mjs');
}

async function answered(
  { name, file, event }: Started,
  environment: Environment,
): Promise<ColdStart> {
  const start = await coldStart(file, event(), environment);
  if ((start.status ?? 200) !== 200) throw new Error(`${name} answered ${String(start.status)}`);
  return start;
}

type Span = 'importMs' | 'answerMs' | 'cpuMs' | 'rssMb';

/** Round by round: what the machine did to one start it did to the other. */
const above = (all: readonly ColdStart[], empty: readonly ColdStart[], of: Span): number[] =>
  all.map((start, round) => start[of] - (empty[round]?.[of] ?? Number.NaN));

function rowsOf(
  name: keyof typeof aims,
  all: readonly ColdStart[],
  empty: readonly ColdStart[],
): readonly Row[] {
  const { kb, ms } = aims[name];
  const row = (what: string, unit: Row['unit'], rounds: readonly number[], aim?: Aim): Row =>
    defined({ measure: `${name}: ${what}`, unit, rounds, aim });
  return [
    row('read until the first answer', 'KB', [median(all.map((start) => start.kb))], {
      atMost: kb,
    }),
    row('first answer', 'ms', above(all, empty, 'answerMs'), { atMost: ms }),
    row('CPU until the first answer', 'CPU ms', above(all, empty, 'cpuMs')),
  ];
}

async function noteOf(
  { name, file }: Started,
  all: readonly ColdStart[],
  empty: readonly ColdStart[],
): Promise<string> {
  const of = (what: Span): string => median(above(all, empty, what)).toFixed(0);
  const bundle = await sizeOf(dirname(file));
  const gzip = median(all.map(({ gzipKb }) => gzipKb));
  return `${name}: the bundle has ${Math.round(bundle).toLocaleString('en')} KB. What is read until the first answer has ${gzip.toFixed(0)} KB compressed. The import takes ${of('importMs')} ms, memory grows by ${of('rssMb')} MB.`;
}

async function sizeOf(path: string): Promise<number> {
  if ((await stat(path)).isFile()) return (await stat(path)).size / 1024;
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))));
  return sizes.reduce((one, other) => one + other, 0);
}
