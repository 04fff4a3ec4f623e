import { type Arbitrary, array, assert, asyncProperty } from 'fast-check';
import { inspect } from 'node:util';
import { test } from 'vitest';
import { messageOf } from '../../../functions/model/error-message.ts';
import '../attempt.ts';

/** Cases of each property. `FUZZ_RUNS=1000000 npm run test:hostile -- fuzz` is the long run. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 1_500);
/** The same cases every time, unless told otherwise: CI fails for a change, not by chance. */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_125);

type Options = {
  /** Of `runs`, for cases that cost much. Default: all. */
  readonly share?: number;
  /** How many cases run side by side. */
  readonly atOnce?: number;
  /** A case that takes longer is a hang. */
  readonly deadlineMs?: number;
};

/** Tries `hold` with made-up cases. It throws for one that has no documented outcome. */
export function fuzz<Case>(
  sentence: string,
  cases: Arbitrary<Case>,
  hold: (one: Case) => unknown,
  { share = 1, atOnce = 25, deadlineMs = 5_000 }: Options = {},
): void {
  const batches = Math.ceil((runs * share) / atOnce);
  const timeout = 60_000 + batches * atOnce * 200;
  test(sentence, { timeout }, async ({ task }) => {
    task.meta.attacks = batches * atOnce;
    const batch = array(cases, { minLength: atOnce, maxLength: atOnce });
    const inTime = async (one: Case): Promise<void> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`no outcome in ${deadlineMs} ms`)), deadlineMs);
      });
      try {
        await Promise.race([attemptOf(hold, one), late]);
      } catch (cause) {
        throw new Error(
          `${inspect(one, { depth: 8, maxStringLength: 200 })}\n${messageOf(cause)}`,
          { cause },
        );
      } finally {
        clearTimeout(timer);
      }
    };
    await assert(
      asyncProperty(batch, async (all) => {
        await Promise.all(all.map(inTime));
      }),
      {
        seed,
        numRuns: batches,
        interruptAfterTimeLimit: timeout,
        markInterruptAsFailure: true,
        // The one case is in the error. To make a batch smaller tells nothing more.
        endOnFailure: true,
        asyncReporter: async ({ failed, errorInstance, numRuns }) => {
          if (failed) throw errorInstance ?? new Error(`${numRuns} batches took too long`);
        },
      },
    );
  });
}

/** What throws at once and what rejects later are the same. */
const attemptOf = async <Case>(hold: (one: Case) => unknown, one: Case): Promise<void> => {
  await hold(one);
};
