/**
 * Many probes of the whole fault world, one round after another in one process: no wrong verdict,
 * no descriptor and no memory that stays. Run: npm run test:soak (2,000 probes), or with
 * SOAK_PROBES=50000.
 */
import { readdirSync } from 'node:fs';
import pLimit from 'p-limit';
import { type CaseVerdict, caseJudge, graceMs } from '../world/cases/case-verdict.ts';
import type { FaultCase } from '../world/cases/fault-case.ts';
import { startCaseWorld } from '../world/cases/start-case-world.ts';

const wanted = Number(process.env['SOAK_PROBES'] ?? 2_000);
const probesEach = 3;
const concurrency = 24;
const deadlineMs = 2_000;
/** Bounds from the first tenth to the end. */
const mostHeapGrowthMb = 4;
const mostMoreDescriptors = 8;
/** From the middle to the end: before, V8 sizes its young generation. */
const mostRssGrowthMb = 40;
/** A case whose three probes take longer joins each twentieth round only. */
const slowMs = 300;
const slowEach = 20;

const collect = globalThis.gc;
if (collect === undefined) throw new Error('Run it by: node --expose-gc test/soak/soak.ts');

type Sample = {
  readonly probes: number;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly descriptors: number;
};

const mb = (bytes: number): number => Math.round((bytes / 1024 / 1024) * 10) / 10;

/** Sockets take a moment to close after a probe. */
async function sample(probes: number): Promise<Sample> {
  await new Promise((done) => setTimeout(done, 1_500));
  collect?.();
  await new Promise(setImmediate);
  collect?.();
  const { heapUsed, rss } = process.memoryUsage();
  const descriptors = readdirSync('/proc/self/fd').length;
  return { probes, heapMb: mb(heapUsed), rssMb: mb(rss), descriptors };
}

const print = ({ probes, heapMb, rssMb, descriptors }: Sample): void =>
  console.log(
    `${String(probes).padStart(7)} probes  heap ${heapMb.toFixed(1)} MB  RSS ${rssMb.toFixed(0)} MB  descriptors ${descriptors}`,
  );

const world = await startCaseWorld();
const failures: string[] = [];
try {
  const judge = caseJudge(world, deadlineMs);
  const slow = new Set<FaultCase>();
  const limit = pLimit(concurrency);
  const tally = { probes: 0, worstLateMs: -Infinity };
  const ask = async (one: FaultCase): Promise<void> => {
    const started = performance.now();
    const verdict: CaseVerdict = await judge(one, world.prepare);
    tally.probes += probesEach;
    tally.worstLateMs = Math.max(tally.worstLateMs, verdict.lateMs);
    if (performance.now() - started > slowMs) slow.add(one);
    if (verdict.wrong.length > 0) failures.push(`${one.name}: ${verdict.wrong.join(', ')}`);
  };
  const samples: Sample[] = [];
  const started = performance.now();
  for (let round = 0; tally.probes < wanted; round += 1) {
    const cases = world.cases.filter((one) => round % slowEach === 0 || !slow.has(one));
    await Promise.all(cases.map((one) => limit(() => ask(one))));
    if (tally.probes < wanted && tally.probes < ((samples.length + 1) * wanted) / 10) continue;
    const now = await sample(tally.probes);
    samples.push(now);
    print(now);
  }
  const wrong = failures.length;
  const seconds = (performance.now() - started) / 1000;
  const [first] = samples;
  const middle = samples[Math.floor(samples.length / 2)] ?? first;
  const last = samples.at(-1);
  if (first === undefined || middle === undefined || last === undefined)
    throw new Error('there were no probes');
  const heap = last.heapMb - first.heapMb;
  const rss = last.rssMb - middle.rssMb;
  const more = last.descriptors - first.descriptors;
  if (heap > mostHeapGrowthMb) failures.push(`the heap grew by ${heap.toFixed(1)} MB`);
  if (rss > mostRssGrowthMb) failures.push(`RSS grew by ${rss.toFixed(0)} MB`);
  if (more > mostMoreDescriptors) failures.push(`${more} descriptors more`);
  const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(1)}`;
  console.log(
    `${tally.probes} probes of ${world.cases.length} servers in ${seconds.toFixed(0)} s, wrong verdicts ${wrong}`,
  );
  console.log(
    `from the first tenth to the end: heap ${signed(heap)} MB (at most ${mostHeapGrowthMb}), descriptors ${signed(more)} (at most ${mostMoreDescriptors}); from the middle: RSS ${signed(rss)} MB (at most ${mostRssGrowthMb})`,
  );
  console.log(
    `latest end of a probe: ${Math.round(tally.worstLateMs)} ms after its deadline (at most ${graceMs})`,
  );
  for (const failure of failures.slice(0, 20)) console.log(`  ${failure}`);
} finally {
  await world.end();
}
console.log(
  `${failures.length === 0 ? 1 : 0} passed, ${failures.length === 0 ? 0 : 1} failed, 0 skipped`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
