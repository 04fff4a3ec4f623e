import { expect, test } from 'vitest';
import { messageOf } from '../../functions/model/error-message.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** How many attacks the test tries; one where it is absent. */
    attacks?: number;
    /** How many of them held, where the test failed. */
    held?: number;
  }
}

/**
 * One test that tries every attack of a list. `hold` throws for one that got through; each of those
 * is named.
 */
export function attempt<Attack>(
  sentence: string,
  attacks: readonly Attack[],
  hold: (attack: Attack) => unknown,
): void {
  test(sentence, { timeout: 60_000 }, async ({ task }) => {
    task.meta.attacks = attacks.length;
    const through: string[] = [];
    for (const attack of attacks) {
      try {
        await hold(attack);
      } catch (error) {
        through.push(`${shown(attack)}: ${messageOf(error)}`);
      }
    }
    task.meta.held = attacks.length - through.length;
    expect(through).toEqual([]);
  });
}

const shown = (attack: unknown): string => JSON.stringify(attack)?.slice(0, 200) ?? String(attack);
