/**
 * Adds up what the suites and scripts of `.ci/run` left in a folder, prints the closing line, and
 * fails when anything failed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder = ''] = process.argv.slice(2);
const files = readdirSync(folder);
const said = (file: string): string =>
  files.includes(file) ? readFileSync(join(folder, file), 'utf8') : '';

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** From vitest's JSON. */
function reported(name: string): Counts | undefined {
  if (!files.includes(`${name}.json`)) return undefined;
  const counts: Record<string, number> = JSON.parse(said(`${name}.json`));
  const skipped = (counts['numPendingTests'] ?? 0) + (counts['numTodoTests'] ?? 0);
  return { passed: counts['numPassedTests'] ?? 0, failed: counts['numFailedTests'] ?? 0, skipped };
}

/** From the last line of its own that counts. */
function printed(name: string): Counts | undefined {
  const [last] = [
    ...said(`${name}.out`).matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/gm),
  ].slice(-1);
  return (
    last && { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3] ?? 0) }
  );
}

let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of files.filter((name) => name.endsWith('.end'))) {
  const name = file.replace('.end', '');
  const isFine = said(file).trim() === 'ok';
  const counts = reported(name) ??
    printed(name) ?? { passed: isFine ? 1 : 0, failed: 0, skipped: 0 };
  passed += counts.passed;
  skipped += counts.skipped;
  // Something can also fail outside its tests.
  failed += Math.max(counts.failed, isFine ? 0 : 1);
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
