import { expect, test } from 'vitest';
import { type Rule, type Violation, violations } from './checker.ts';
import { type RunFacts, runScript } from './run-script.ts';
import { type Script, scriptOf } from './script.ts';
import { shrink } from './shrink.ts';

/** `CHAOS_SEEDS=5000 npm run test:chaos` is the long run. CHAOS_FIRST goes on where one ended. */
const last = Number(process.env['CHAOS_SEEDS'] ?? 200);
const first = Number(process.env['CHAOS_FIRST'] ?? 1);
/** Replays one seed alone. */
const alone = process.env['CHAOS_SEED'];
const batchSize = 25;
// On a machine that others use.
const seedMs = 8_000;

/** Every second seed: two files run side by side. */
export function holdForSeeds(parity: 0 | 1): void {
  const seeds =
    alone === undefined
      ? Array.from({ length: last - first + 1 }, (_, index) => first + index)
      : [Number(alone)];
  const own = seeds.filter((seed) => seed % 2 === parity);
  const batches = Array.from({ length: Math.max(1, Math.ceil(own.length / batchSize)) }, (_, at) =>
    own.slice(at * batchSize, (at + 1) * batchSize),
  ).map((batch) => ({ batch, from: batch[0] ?? 'none', to: batch.at(-1) ?? 'none' }));
  test.each(batches)(
    'nothing is lost with the seeds from $from to $to',
    { timeout: 120_000 + batchSize * seedMs },
    async ({ batch }) => {
      const totals = { seeds: 0, probes: 0, writes: 0, published: 0, invocations: 0 };
      for (const seed of batch) {
        const facts = await runScript(scriptOf(seed));
        const [worst] = violations(facts);
        expect(worst === undefined ? '' : await report(seed, worst)).toBe('');
        totals.seeds += 1;
        totals.probes += facts.probes.length;
        totals.writes += facts.writes.length;
        totals.published += facts.published.length;
        totals.invocations += facts.invocations;
      }
      process.stdout.write(`${JSON.stringify(totals)}\n`);
    },
  );
}

const violationsOf = (facts: RunFacts, rule: Rule): readonly Violation[] =>
  violations(facts).filter((violation) => violation.rule === rule);

/** The seed, how to replay it, and the smallest script that breaks the same rule. */
export async function report(seed: number, { rule, about, detail }: Violation): Promise<string> {
  const { script, runs } = await shrink(
    scriptOf(seed),
    async (smaller) => violationsOf(await runScript(smaller), rule).length > 0,
  );
  const [small] = violationsOf(await runScript(script), rule);
  return [
    `Seed ${seed} breaks ${rule}: ${about}: ${detail}`,
    `Replay: CHAOS_SEED=${seed} npm run test:chaos`,
    `The smallest script of ${runs} runs breaks it so: ${small?.about}: ${small?.detail}`,
    textOf(script),
  ].join('\n');
}

/** A line for each server and fault. */
export const textOf = ({ servers, faults, ...rest }: Script): string =>
  [rest, ...servers, ...faults].map((part) => JSON.stringify(part)).join('\n');
