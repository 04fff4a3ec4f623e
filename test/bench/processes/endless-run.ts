/**
 * A run of the benchmark that never ends: a contender in its lap, and with `program` also a program
 * that has no channel to this process.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endOnSignals, ownChild } from '../../../bench/children.ts';
import { contender } from '../../../bench/laps.ts';
import { runParts } from '../../../bench/run-parts.ts';

async function measure(): Promise<never> {
  if (process.argv.includes('program'))
    ownChild(
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'inherit' }),
    );
  await contender(fileURLToPath(new URL('./endless-contender.ts', import.meta.url))).lap();
  throw new Error('The lap ended.');
}

endOnSignals();
await runParts([async () => ({ name: 'endless', title: 'Endless', measure })], 'small', {
  now: () => new Date(),
  print: () => {},
  fail: console.error,
});
