/** Which mutant is switched on, in this process. The mutated modules ask it by `globalThis`. */
export type Place = { readonly file: string; readonly index: number };

/** A loop that turns so often in one test does not end. */
const mostTurns = 3_000_000;
const longestMs = 1_000;

let active: Place | undefined;
let hits: Set<string> | undefined;
let turns = 0;
let began = 0;
let isStopped = false;

export const keyOf = ({ file, index }: Place): string => `${file}#${String(index)}`;

/** Switches one mutant on; undefined switches all off. */
export function switchOn(place: Place | undefined): void {
  active = place;
  turns = 0;
  began = performance.now();
  isStopped = false;
}

/** Ends the loops that a test left behind. */
export function stopLoops(): void {
  isStopped = true;
}

/** The places that were asked while `work` ran. */
export async function placesIn(work: () => Promise<unknown>): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  hits = found;
  try {
    await work();
  } finally {
    hits = undefined;
  }
  return found;
}

function countLoop(): void {
  turns += 1;
  const isLong =
    active !== undefined && turns % 1024 === 0 && performance.now() - began > longestMs;
  if (isStopped || isLong || turns > mostTurns) throw new Error('an endless loop');
}

/** Called by each mutated module when it is loaded. */
const of = (file: string) => ({
  countLoop,
  isMutated: (index: number): boolean => {
    hits?.add(keyOf({ file, index }));
    return active?.index === index && active.file === file;
  },
});

export const install = (): void => {
  Object.assign(globalThis, { mutants: { of } });
};
