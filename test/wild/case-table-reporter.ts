import type { Reporter, TestCase } from 'vitest/node';
import { hintsLeadOn } from './task-meta.ts';

/**
 * Says how many cases went as they should, as the last line. With WILD_TABLE=1 it prints the table
 * of all cases before it, in Markdown.
 */
export const caseTableReporter: Reporter = {
  onTestRunEnd: (modules) => {
    const tests = modules
      .flatMap((module) => [...module.children.allTests()])
      .filter((test) => test.parent.type === 'suite' && test.result().state !== 'skipped');
    const cases = tests.filter((test) => !test.name.endsWith(hintsLeadOn));
    const hints = tests.flatMap((test) => test.meta().walked ?? []);
    const good = cases.filter(isGood).length;
    const walked = hints.reduce((sum, count) => sum + count, 0);
    const astray = tests.filter((test) => !cases.includes(test) && !isGood(test)).length;
    const table = process.env['WILD_TABLE'] === '1' ? [...tableOf(cases), ''] : [];
    console.log(
      [
        ...table,
        `hints walked: ${String(walked)}, cases whose hints lead astray: ${String(astray)}`,
        `${String(good)} of ${String(cases.length)} cases as they should`,
      ].join('\n'),
    );
  },
};

const isGood = (test: TestCase): boolean => test.result().state === 'passed';

function tableOf(cases: readonly TestCase[]): readonly string[] {
  const kindOf = (test: TestCase) => test.meta().wild?.kind ?? 'not run';
  const lines: string[] = [];
  for (const kind of new Set(cases.map(kindOf)))
    lines.push(
      '',
      `### ${kind}`,
      '',
      head,
      rule,
      ...cases.filter((test) => kindOf(test) === kind).map(lineOf),
    );
  return lines;
}

const head = '| case | exit codes | SESSION | message | right? |';
const rule = '|---|---|---|---|---|';

function lineOf(test: TestCase): string {
  const row = test.meta().wild;
  const cells = [
    row?.case ?? test.name,
    row?.code ?? '',
    row?.session ?? '',
    row?.message ?? '',
    isGood(test) ? `yes${row?.declined ? ` (declined: ${row.declined})` : ''}` : 'no',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').slice(0, 260)).join(' | ')} |`;
}
