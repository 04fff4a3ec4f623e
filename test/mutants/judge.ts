import { vi } from 'vitest';
import type { Collected, Collection } from './collector.ts';
import { keyOf, type Place, placesIn, stopLoops, switchOn } from './switchboard.ts';

/** A test that is not done by then has noticed the mutant: it waits for what never comes. */
const patienceMs = 2_000;

type Judge = Collected & { readonly ms: number; readonly places: ReadonlySet<string> };

/** A test file, loaded: its tests from the fastest to the slowest. */
export type Court = {
  readonly file: string;
  readonly judges: readonly Judge[];
  /** The places that are asked while the file is loaded: tables, mostly. */
  readonly onLoad: ReadonlySet<string>;
  readonly ms: number;
};

/** The tests of a file, in modules of their own. */
async function collected(file: string): Promise<Collection> {
  vi.resetModules();
  const { collection } = await import('./collector.ts');
  await import(/* @vite-ignore */ file);
  return collection();
}

const inTurn = async (steps: readonly (() => unknown)[]): Promise<void> => {
  for (const step of steps) await step();
};

/** Runs one test; false where it fails or does not end. */
async function passes({ body, around }: Collected): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), patienceMs);
  });
  const run = async (): Promise<void> => {
    await inTurn(around.flatMap(({ beforeEach }) => beforeEach));
    try {
      await body();
    } finally {
      await inTurn(around.toReversed().flatMap(({ afterEach }) => afterEach));
    }
  };
  try {
    await Promise.race([run(), late]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    stopLoops();
  }
}

/**
 * Loads a file and runs each of its tests once, without a mutant. Undefined for a file that starts
 * a world of servers for all of its tests: one mutant could break it for the next one.
 */
export async function convene(file: string): Promise<Court | undefined> {
  switchOn(undefined);
  let found: Collection = { tests: [], scopes: [] };
  const onLoad = await placesIn(async () => {
    found = await collected(file);
  });
  if (found.scopes.some(({ beforeAll }) => beforeAll.length > 0)) return undefined;
  const judges: Judge[] = [];
  for (const test of found.tests) {
    const began = performance.now();
    switchOn(undefined);
    let isGood = false;
    const places = await placesIn(async () => {
      isGood = await passes(test);
    });
    if (!isGood) throw new Error(`${file}: ${test.title} fails without a mutant`);
    judges.push({ ...test, ms: performance.now() - began, places });
  }
  return {
    file,
    judges: judges.toSorted((one, other) => one.ms - other.ms),
    onLoad,
    ms: judges.reduce((sum, { ms }) => sum + ms, 0),
  };
}

/** Whether one of the loaded tests fails with the mutant, and passes again without it. */
export async function isNoticed(place: Place, courts: readonly Court[]): Promise<boolean> {
  const key = keyOf(place);
  for (const { judges } of courts)
    for (const judge of judges.filter(({ places }) => places.has(key))) {
      switchOn(place);
      if (await passes(judge)) continue;
      switchOn(undefined);
      if (await passes(judge)) return true;
    }
  return false;
}

/** The same for what is decided while modules are loaded: each file is loaded with the mutant. */
export async function isNoticedOnLoad(place: Place, courts: readonly Court[]): Promise<boolean> {
  for (const { file, onLoad } of courts) {
    if (!onLoad.has(keyOf(place))) continue;
    switchOn(place);
    const { tests } = await collected(file).catch(() => ({ tests: undefined }));
    if (tests === undefined) return true;
    for (const test of tests) {
      switchOn(place);
      if (!(await passes(test))) return true;
    }
  }
  return false;
}
