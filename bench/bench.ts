/**
 * The benchmark: `npm run bench` measures every part, `npm run bench -- NAME ...` some of them.
 * `--write` puts their tables into `docs/performance.md`, `--small` is the form of CI, `--list`
 * names everything. Ratios come from rounds in turn in one run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { defined } from '../functions/model/defined.ts';
import { readPage, writePage } from '../test/docs/pages.ts';
import { asked } from './bench-arguments.ts';
import { endOnSignals, ownChild } from './children.ts';
import type { Part } from './part.ts';
import { withPart } from './performance-page.ts';
import { runParts } from './run-parts.ts';

/** Each is a table of `docs/performance.md`, in this order. */
export const parts: Readonly<Record<string, () => Promise<Part>>> = {
  probe: async () => (await import('./probe/probe.ts')).part,
  tls: async () => (await import('./probe/tls.ts')).part,
  load: async () => (await import('./fleet/load.ts')).part,
  hanging: async () => (await import('./fleet/hanging.ts')).part,
  names: async () => (await import('./fleet/names.ts')).part,
  memory: async () => (await import('./fleet/memory.ts')).part,
  steady: async () => (await import('./sweep/steady.ts')).part,
  first: async () => (await import('./sweep/first.ts')).part,
  list: async () => (await import('./list/list.ts')).part,
  cli: async () => (await import('./cli/cli.ts')).part,
  connect: async () => (await import('./connect/connect.ts')).part,
  cold: async () => (await import('./cold/cold.ts')).part,
};

type Report = {
  /** Below `bench/`. */
  readonly file: string;
  readonly about: string;
};

/** Programs with an output of their own, which run only by their names. */
export const reports: Readonly<Record<string, Report>> = {
  cluster: { file: 'cluster/cluster.ts', about: '2,000 servers on a real kube-apiserver' },
  cost: { file: 'cost/cost.ts', about: 'dollars a month' },
  lighthouse: { file: 'lighthouse/lighthouse.ts', about: 'Lighthouse on the built site' },
  scale: { file: 'cost/scale.ts', about: 'a simulation of 100 to 100,000 servers' },
  verdicts: { file: 'verdicts/verdicts.ts', about: 'wrong answers beside other probers' },
};

async function main(args: readonly string[]): Promise<number> {
  const names = { parts: Object.keys(parts), reports: Object.keys(reports) };
  const what = asked(args, names);
  switch (what.kind) {
    case 'refused':
      console.error(what.message);
      return 1;
    case 'list':
      console.log(await listed());
      return 0;
    case 'report':
      return report(what.name, what.args);
    case 'measure': {
      const loads = what.parts.flatMap((name) => parts[name] ?? []);
      const write = async (part: Part, text: string): Promise<void> =>
        writePage(page, withPart(await readPage(page), part, text, names.parts));
      const isWhole = await runParts(
        loads,
        what.size,
        defined({
          now: () => new Date(),
          print: console.log,
          fail: console.error,
          write: what.isWriting ? write : undefined,
        }),
      );
      return isWhole ? 0 : 1;
    }
  }
}

const page = 'performance.md';

async function listed(): Promise<string> {
  const own = await Promise.all(Object.values(parts).map((load) => load()));
  const lines = (all: readonly (readonly [string, string])[]): readonly string[] =>
    all.map(([name, about]) => `  ${name.padEnd(12)}${about}`);
  return [
    'Parts, all of them without a name:',
    ...lines(own.map(({ name, title }) => [name, title])),
    'Reports, each only by its name:',
    ...lines(Object.entries(reports).map(([name, { about }]) => [name, about])),
  ].join('\n');
}

/** A process of its own; it ends as the report does. */
async function report(name: string, args: readonly string[]): Promise<number> {
  const file = fileURLToPath(new URL(reports[name]?.file ?? '', import.meta.url));
  const child = ownChild(spawn(process.execPath, [file, ...args], { stdio: 'inherit' }));
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

if (import.meta.main) {
  endOnSignals();
  process.exitCode = await main(process.argv.slice(2));
}
