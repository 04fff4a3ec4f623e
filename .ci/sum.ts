/** Adds up what the suites and checks of `.ci/run` left in a folder, prints the closing line, and fails when anything failed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder = ''] = process.argv.slice(2);
const files = readdirSync(folder);
const said = (file: string): string => readFileSync(join(folder, file), 'utf8').trim();

let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of files.filter((name) => name.endsWith('.check'))) {
  if (said(file) === 'ok') passed += 1;
  else failed += 1;
}
for (const file of files.filter((name) => name.endsWith('.end'))) {
  const report = file.replace('.end', '.json');
  const counts: Record<string, number> = files.includes(report) ? JSON.parse(said(report)) : {};
  passed += counts['numPassedTests'] ?? 0;
  skipped += (counts['numPendingTests'] ?? 0) + (counts['numTodoTests'] ?? 0);
  // A suite can also fail outside its tests.
  failed += Math.max(counts['numFailedTests'] ?? 0, said(file) === 'ok' ? 0 : 1);
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
