import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configureGlobal } from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { convene, type Court, isNoticed, isNoticedOnLoad } from './judge.ts';
import { type Folder, mutated } from './plugin.ts';
import { sampleOf } from './sample.ts';
import { install, type Place } from './switchboard.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Of all mutants of a folder, listed survivors included. */
const leastNoticed = 0.9;

/** Why these mutants survive: no test can notice them, or none is worth it. */
const survivorsSchema = z.array(z.object({ why: z.string(), mutants: z.array(z.string()) }));
const listed: ReadonlySet<string> = new Set(
  survivorsSchema
    .parse(JSON.parse(readFileSync(join(root, 'test/mutants/survivors.json'), 'utf8')))
    .flatMap(({ mutants }) => mutants),
);

/** They run hundreds of lives or attacks in one test: too long to judge thousands of mutants. */
const slow: ReadonlySet<string> = new Set(['late-schedule.test.ts', 'recovery.test.ts']);

type Judged = Place & { readonly name: string };

/** The mutants of one folder under `functions/`, and the pure tests beside it that judge them. */
export function judged(folder: Folder): void {
  const files = readdirSync(join(root, 'functions', folder)).map((name) => `${folder}/${name}`);
  const all: readonly Judged[] = files.flatMap((file) =>
    mutated(file).mutants.map(({ index, name }) => ({ file, index, name })),
  );

  test(`each survivor that is listed for functions/${folder} is a mutant`, () => {
    const names = new Set(all.map(({ name }) => name));
    const gone = [...listed].filter((name) => name.startsWith(`${folder}/`) && !names.has(name));
    expect(gone).toEqual([]);
  });

  test(`at least 90 % of the mutants of functions/${folder} are noticed, and no listed one`, async () => {
    install();
    // A property that is tried with other values each time notices other mutants each time.
    configureGlobal({ seed: 1, numRuns: 30 });
    const began = performance.now();
    const courts: Court[] = [];
    for (const file of testFiles(folder)) {
      const court = await convene(file);
      if (court !== undefined) courts.push(court);
    }
    const sample = sampleOf(all);
    const survivors: string[] = [];
    for (const one of sample) {
      const near = nearest(courts, one.file);
      if (!(await isNoticed(one, near)) && !(await isNoticedOnLoad(one, near)))
        survivors.push(one.name);
    }
    const noticed = sample.length - survivors.length;
    const share = noticed / sample.length;
    const unlisted = survivors.filter((name) => !listed.has(name));
    const seconds = Math.round((performance.now() - began) / 1000);
    const of = sample.length === all.length ? '' : ` of ${String(all.length)}`;
    process.stdout.write(
      [
        `functions/${folder}: ${String(sample.length)}${of} mutants, ${String(noticed)} noticed (${(100 * share).toFixed(1)} %), ${String(survivors.length)} survive, ${String(unlisted.length)} of them not listed, ${String(seconds)} s`,
        ...unlisted.map((name) => `  survives: ${name}`),
        '',
      ].join('\n'),
    );
    const noLonger = sample.filter(({ name }) => listed.has(name) && !survivors.includes(name));
    expect(noLonger.map(({ name }) => name)).toEqual([]);
    expect(share).toBeGreaterThanOrEqual(leastNoticed);
  });
}

const testFiles = (folder: Folder): readonly string[] =>
  readdirSync(join(root, 'test/functions', folder))
    .filter((name) => name.endsWith('.test.ts') && !slow.has(name))
    .map((name) => join(root, 'test/functions', folder, name));

/** The tests beside the file first, then the others from the fastest to the slowest. */
const nearest = (courts: readonly Court[], file: string): readonly Court[] => {
  const own = (court: Court) => Number(court.file.endsWith(`/${basename(file, '.ts')}.test.ts`));
  return courts.toSorted((one, other) => own(other) - own(one) || one.ms - other.ms);
};
