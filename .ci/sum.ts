/**
 * Adds up what the suites and scripts of `.ci/run` left in a folder, names what failed, prints the
 * closing line, and fails when anything failed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const [folder = ''] = process.argv.slice(2);
const files = readdirSync(folder);
const said = (file: string): string =>
  files.includes(file) ? readFileSync(join(folder, file), 'utf8') : '';

type Counts = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, and the first line of why. */
  readonly failures?: readonly string[];
};

/** What of vitest's JSON is used. */
type Report = {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    /** Why the file could not be run. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
};

const firstLine = (text = ''): string => stripVTControlCharacters(text).trim().split('\n')[0] ?? '';

/** From vitest's JSON. */
function reported(name: string): Counts | undefined {
  if (!files.includes(`${name}.json`)) return undefined;
  const report: Report = JSON.parse(said(`${name}.json`));
  const failures = report.testResults.flatMap(({ name: file, message, assertionResults }) => {
    const where = relative(process.cwd(), file);
    const tests = assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${fullName}: ${firstLine(failureMessages?.[0])}`);
    const all = message === '' ? tests : [firstLine(message), ...tests];
    return all.map((failure) => `${where}: ${failure}`);
  });
  return {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
  };
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
  const { failures = [] } = counts;
  if (!isFine && failures.length === 0) console.log(`failed: ${name}: see its output above`);
  for (const failure of failures) console.log(`failed: ${name}: ${failure}`);
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
