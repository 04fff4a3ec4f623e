/** Measures parts one after another. One that fails does not cost the others their numbers. */
import { Writable } from 'node:stream';
import { datedMachine, thisMachine } from './machine.ts';
import type { Part, Result, Size } from './part.ts';
import { printed } from './printed.ts';

export type RunPorts = {
  readonly now: () => Date;
  readonly print: (text: string) => void;
  readonly fail: (text: string) => void;
  /** Called as soon as a part is measured: what is interrupted later keeps its tables. */
  readonly write?: (part: Part, text: string) => Promise<void>;
};

/** Whether all of them could be measured. Aims that are missed are no failure. */
export async function runParts(
  loads: readonly (() => Promise<Part>)[],
  size: Size,
  { now, print, fail, write }: RunPorts,
): Promise<boolean> {
  const machine = thisMachine();
  let isWhole = true;
  for (const load of loads) {
    const part = await load();
    print(`\n${part.title} (${part.name})\n`);
    try {
      const text = printed(await quietly(part, size), datedMachine(now(), machine));
      print(text);
      await write?.(part, text);
    } catch (error) {
      isWhole = false;
      fail(`${part.name} failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
    }
  }
  return isWhole;
}

/** Without the log lines of functions that run in this process. */
async function quietly(part: Part, size: Size): Promise<Result> {
  const write = process.stdout.write.bind(process.stdout);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stdout.write = nowhere.write.bind(nowhere);
  try {
    return await part.measure(size);
  } finally {
    process.stdout.write = write;
  }
}
