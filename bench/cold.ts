/**
 * What a cold start of each function costs: the bundles that are deployed, beside an empty handler,
 * in turn, each in a process of its own. `loaded` is what was read up to the first answer; parts
 * that are loaded on first use are not in it. Run: npm run bench:cold
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { eventOf } from '../local/lambda.ts';
import { startWorld } from '../local/world.ts';
import { bundleFunction } from '../test/stack/bundle.ts';

const rounds = 15;

const startSchema = z.object({
  importMs: z.number(),
  answerMs: z.number(),
  cpuMs: z.number(),
  kb: z.number(),
  gzipKb: z.number(),
  rssMb: z.number(),
});
type Start = z.infer<typeof startSchema>;

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

const world = await startWorld();
try {
  const { PUBLIC_URL: url = '' } = world.environment;
  const list = JSON.stringify(
    eventOf({ method: 'GET', url: '/v1/mcpservers', host: new URL(url).host }),
  );
  const tick = (): string =>
    JSON.stringify({ kind: 'tick', at: new Date().toISOString(), everything: true });
  const contenders: Record<string, { file: string; folder: string; event: () => string }> = {
    empty: { file: empty, folder: empty, event: () => '{}' },
    api: { file: await bundled('api'), folder: join(folder, 'api'), event: () => list },
    sweep: { file: await bundled('sweep'), folder: join(folder, 'sweep'), event: tick },
  };
  const env = {
    ...process.env,
    ...world.environment,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  const start = async ({ file, event }: { file: string; event: () => string }): Promise<Start> => {
    const script = fileURLToPath(new URL('./cold-start.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, file, event()], {
      env,
    });
    return startSchema.parse(JSON.parse(stdout));
  };
  const starts = Object.fromEntries(
    Object.keys(contenders).map((name) => [name, new Array<Start>()]),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, contender] of Object.entries(contenders))
      starts[name]?.push(await start(contender));
  }
  const median = (name: string, of: keyof Start): number =>
    (starts[name] ?? []).map((one) => one[of]).toSorted((one, other) => one - other)[
      Math.floor(rounds / 2)
    ] ?? 0;
  const over = (name: string, of: keyof Start): string =>
    (median(name, of) - median('empty', of)).toFixed(0).padStart(9);
  console.log(
    `Medians of ${rounds} cold starts in turn, over the empty handler (import ${median('empty', 'importMs').toFixed(1)} ms), node ${process.version}, ${availableParallelism()} cores`,
  );
  console.log(
    '        bundle KB  loaded KB (gzip)   import ms   to first answer ms   CPU ms   RSS MB',
  );
  for (const [name, contender] of Object.entries(contenders)) {
    if (name === 'empty') continue;
    console.log(
      `${name.padEnd(6)} ${(await sizeOf(contender.folder)).toFixed(0).padStart(10)} ${median(name, 'kb').toFixed(0).padStart(10)} (${median(name, 'gzipKb').toFixed(0)}) ${over(name, 'importMs').padStart(13)} ${over(name, 'answerMs').padStart(20)} ${over(name, 'cpuMs')} ${over(name, 'rssMb')}`,
    );
  }
} finally {
  await world.close();
  await rm(folder, { recursive: true });
}
