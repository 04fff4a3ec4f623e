/**
 * The whole fault world in one run: this product, blackbox_exporter and the MCP client of the
 * official SDK, and what each says of every server. In a network namespace of its own, so that all
 * three ask the same name server. Run: npm run bench -- verdicts [--write] [--list]
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { table } from '../../site/reference/markdown-pieces.ts';
import { readPage, replaced, tableIn, writePage } from '../../test/docs/pages.ts';
import { caseJudge } from '../../test/world/cases/case-verdict.ts';
import {
  type FaultCase,
  type PersonsClass,
  rightClass,
} from '../../test/world/cases/fault-case.ts';
import { startCaseWorld, type StartedCases } from '../../test/world/cases/start-case-world.ts';
import { endOnSignals } from '../children.ts';
import { startBlackbox } from './verdicts-blackbox.ts';
import { type Contender, deadlineMs } from './verdicts-contender.ts';
import { startSdkClient } from './verdicts-sdk.ts';

const concurrency = 32;
const isIsolated = process.env['VERDICTS_ISOLATED'] === '1';

/** Runs this file once more where 127.0.0.1:53 is the name server of the fault world. */
async function isolated(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-verdicts-'));
  const resolvConf = join(folder, 'resolv.conf');
  await writeFile(resolvConf, 'nameserver 127.0.0.1\noptions timeout:1 attempts:2\n');
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const set = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const { status, error } = spawnSync(
    'unshare',
    [
      ...asRoot,
      '--net',
      '--mount',
      'sh',
      '-c',
      set,
      resolvConf,
      process.execPath,
      ...process.execArgv,
      fileURLToPath(import.meta.url),
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit', env: { ...process.env, VERDICTS_ISOLATED: '1' } },
  );
  await rm(folder, { recursive: true });
  if (error !== undefined)
    console.error('This benchmark needs network namespaces: the command unshare of util-linux.');
  return status ?? 1;
}

type Rated = {
  readonly wrong: ReadonlySet<FaultCase>;
  readonly version: string;
  readonly isForUse?: boolean;
};

/** What the last of three probes says is the answer, as in the status of a server. */
async function rate(
  { cases, prepare }: StartedCases,
  { version, isForUse, ask }: Contender,
): Promise<Rated> {
  const wrong = new Set<FaultCase>();
  const limit = pLimit(concurrency);
  await Promise.all(
    cases.map((one) =>
      limit(async () => {
        const right = rightClass(one);
        if (right === undefined) return;
        let said: PersonsClass | undefined;
        for (const turn of [1, 2, 3]) {
          await prepare(one, turn);
          said = await ask(one);
        }
        if (said !== right) wrong.add(one);
      }),
    ),
  );
  return { wrong, version, ...(isForUse === true ? { isForUse } : {}) };
}

async function rateOurs(
  world: StartedCases,
): Promise<Rated & { readonly details: readonly string[] }> {
  const judge = caseJudge(world, deadlineMs);
  const wrong = new Set<FaultCase>();
  const details: string[] = [];
  const limit = pLimit(concurrency);
  await Promise.all(
    world.cases.map((one) =>
      limit(async () => {
        const verdict = await judge(one, world.prepare);
        if (verdict.wrong.length > 0) details.push(`${one.name}: ${verdict.wrong.join(', ')}`);
        const right = rightClass(one);
        if (right !== undefined && verdict.persons !== right) wrong.add(one);
      }),
    ),
  );
  return { wrong, details, version: 'muster-serverless' };
}

type IsOfKind = (one: FaultCase) => boolean;

const kinds = {
  'up, and answers MCP requests': (one: FaultCase) =>
    rightClass(one) === 'up' && one.right.speaksMcp === 'True',
  'up, and requires a sign-in': (one: FaultCase) => rightClass(one) === 'requires a sign-in',
  'up, but no MCP request is answered': (one: FaultCase) =>
    rightClass(one) === 'up' && one.right.speaksMcp !== 'True',
  down: (one: FaultCase) => rightClass(one) === 'down',
  all: (one: FaultCase) => rightClass(one) !== undefined,
} as const;

/** A client that needs MCP is right to fail where there is none. */
const isUsableOrDown = (one: FaultCase): boolean =>
  kinds.all(one) && !kinds['up, but no MCP request is answered'](one);

async function main(): Promise<void> {
  const world = await startCaseWorld({ CASES_DNS_PORT: '53' });
  try {
    const started = performance.now();
    const ours = await rateOurs(world);
    console.log(`cases ${world.cases.length}, wrong verdicts ${ours.details.length}`);
    for (const detail of ours.details) console.log(`  ${detail}`);
    const contenders = [await startBlackbox(world), await startSdkClient(world)];
    const rated: (Rated | undefined)[] = [ours];
    for (const contender of contenders) {
      rated.push(contender === undefined ? undefined : await rate(world, contender));
      await contender?.end();
    }
    const counted = (one: Rated | undefined, isOfKind: IsOfKind): string => {
      if (one === undefined) return 'not run';
      const isCounted = one.isForUse === true ? isUsableOrDown : kinds.all;
      if (!world.cases.filter(isOfKind).some(isCounted)) return '-';
      return String([...one.wrong].filter((wrong) => isOfKind(wrong) && isCounted(wrong)).length);
    };
    const rows = Object.entries(kinds).map(([kind, isOfKind]) =>
      [kind, String(world.cases.filter(isOfKind).length)].concat(
        rated.map((one) => counted(one, isOfKind)),
      ),
    );
    const heads = ['the server is', 'servers', 'muster-serverless', ...names(rated)];
    const text = table(heads, rows);
    console.log(
      `Wrong answers after three probes, ${Math.round((performance.now() - started) / 1000)} s in all:`,
    );
    console.log(text);
    if (process.argv.includes('--list'))
      for (const one of rated)
        for (const { area, name, right } of one?.wrong ?? [])
          console.log(`${one?.version}: ${area}, ${name} (${right.verdict} ${right.reason ?? ''})`);
    if (process.argv.includes('--write') && !rated.includes(undefined)) await write(text);
    if (ours.details.length > 0) process.exitCode = 1;
  } finally {
    await world.end();
  }
}

const names = ([, blackbox, sdk]: readonly (Rated | undefined)[]): readonly string[] => [
  blackbox?.version ?? 'blackbox_exporter',
  sdk?.version ?? 'MCP client',
];

const pageName = 'comparison.md';

async function write(text: string): Promise<void> {
  const page = await readPage(pageName);
  const written = tableIn(page, 'verdicts');
  if (written === undefined) throw new Error(`docs/${pageName} has no table for the verdicts`);
  const today = new Date().toISOString().slice(0, 10);
  const dated = replaced(page, written, text).replace(
    /(?<=`npm run bench -- verdicts` on )\d{4}-\d{2}-\d{2}/,
    today,
  );
  await writePage(pageName, dated);
  console.log(`Written into docs/${pageName}.`);
}

if (isIsolated) {
  endOnSignals();
  await main();
} else process.exitCode = await isolated();
