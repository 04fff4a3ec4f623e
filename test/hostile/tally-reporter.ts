import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import './attempt.ts';

type Count = { readonly attacks: number; readonly held: number };

/** One for all projects of the run. Prints what was tried and what held, as the last lines. */
export const tallyReporter: Reporter = {
  onTestRunStart: () => {
    began = performance.now();
  },
  onTestRunEnd: (modules) => {
    const own = modules.filter(isOwn);
    const lines = own.map((module) => `  ${rowOf(nameOf(module), countOf([module]))}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const beside = modules.filter((module) => !isOwn(module));
    console.log(
      [
        '',
        `  ${'file'.padEnd(width)}   attacks      held`,
        ...lines.sort(),
        `  ${rowOf('beside the modules', countOf(beside))}`,
        '',
        `${totalOf(countOf(modules))}, in ${seconds} s`,
      ].join('\n'),
    );
  },
};

let began = 0;

const nameOf = ({ moduleId }: TestModule): string => relative(process.cwd(), moduleId);
const isOwn = (module: TestModule): boolean => nameOf(module).startsWith('test/hostile/');

const width = 44;
const rowOf = (name: string, { attacks, held }: Count): string =>
  `${name.padEnd(width)} ${shown(attacks).padStart(9)} ${shown(held).padStart(9)}`;

const shown = (count: number): string => count.toLocaleString('en');

const totalOf = ({ attacks, held }: Count): string =>
  `attacks tried: ${shown(attacks)}, held: ${shown(held)}`;

function countOf(modules: readonly TestModule[]): Count {
  const counts = modules.flatMap((module) => [...module.children.allTests()].map(countOfTest));
  return {
    attacks: counts.reduce((sum, { attacks }) => sum + attacks, 0),
    held: counts.reduce((sum, { held }) => sum + held, 0),
  };
}

/** A test is one attack unless it says that it tries many. */
function countOfTest(test: TestCase): Count {
  const { state } = test.result();
  if (state === 'skipped' || state === 'pending') return { attacks: 0, held: 0 };
  const { attacks = 1, held = attacks } = test.meta();
  return { attacks, held: state === 'passed' ? attacks : Math.min(held, attacks - 1) };
}
