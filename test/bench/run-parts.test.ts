import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import type { Part } from '../../bench/part.ts';
import { runParts } from '../../bench/run-parts.ts';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const good: Part = {
  name: 'good',
  title: 'A good part',
  measure: async () => {
    process.stdout.write('a log line of a function\n');
    return { rows: [{ measure: 'it', unit: 'ms', rounds: [1] }], missing: [], notes: [] };
  },
};
const bad: Part = {
  name: 'bad',
  title: 'A bad part',
  measure: async () => {
    throw new Error('3 of 10 servers were not probed.');
  },
};

test('a part that fails does not cost the next one its table', async () => {
  const [printed, failed, written] = [
    new Array<string>(),
    new Array<string>(),
    new Array<string>(),
  ];
  const isWhole = await runParts([async () => bad, async () => good], 'small', {
    now: () => new Date('2026-11-26T12:00:00Z'),
    print: (text) => printed.push(text),
    fail: (text) => failed.push(text),
    write: async ({ name }, text) => {
      written.push(`${name}: ${text.split(',')[0] ?? ''}`);
    },
  });
  expect(isWhole).toBe(false);
  expect(failed).toEqual([expect.stringContaining('bad failed: Error: 3 of 10 servers')]);
  expect(written).toEqual(['good: Measured on 2026-11-26']);
  expect(printed.join('\n')).toContain('| it |  | 1 ms |');
});

test.each([
  ['SIGINT', ['program']],
  ['SIGTERM', ['program']],
  // Nothing can be done for programs without a channel.
  ['SIGKILL', []],
] as const)('a run that %s ends leaves no process behind', async (signal, args) => {
  const run = spawn(process.execPath, [path('./processes/endless-run.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Every process of the run has these streams: they close with the last one.
  const closed = once(run, 'close');
  run.stdout.resume();
  const [said] = await once(run.stderr, 'data');
  expect(String(said)).toBe('in a lap\n');
  run.kill(signal);
  await closed;
});

test('a name that no benchmark has ends the command, with the names that exist', async () => {
  const run = promisify(execFile)(process.execPath, [path('../../bench/bench.ts'), 'nothing']);
  const { code, stderr } = z
    .object({ code: z.number(), stderr: z.string() })
    .parse(await run.catch((error: unknown) => error));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^There is no benchmark nothing\. Parts: .*connect.*Reports: .*cost/);
});
