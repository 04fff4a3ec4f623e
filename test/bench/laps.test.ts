import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { contender, helper } from '../../bench/laps.ts';

const path = (file: string): string =>
  fileURLToPath(new URL(`./processes/${file}`, import.meta.url));

test('a contender says what each lap took, and what it counted', async () => {
  const one = contender(path('counting-contender.ts'));
  try {
    const laps = [await one.lap(), await one.lap()];
    expect(laps.map(({ counts }) => counts)).toEqual([{ laps: 1 }, { laps: 2 }]);
    for (const { ms, cpuMs, peakMb } of laps) {
      expect(ms).toBeGreaterThanOrEqual(20);
      expect(cpuMs).toBeGreaterThan(0);
      expect(peakMb).toBeGreaterThan(10);
    }
    await expect(one.lap()).rejects.toThrow('A process of the benchmark ended with 1.');
  } finally {
    one.end();
  }
});

test('a helper says once what it has made ready', async () => {
  const { told, end } = await helper(path('ready-helper.ts'), { args: ['127.0.0.2'] });
  end();
  expect(told).toEqual({ address: '127.0.0.2' });
});

test('a helper that ends before is an error', () =>
  expect(helper(path('ready-helper.ts'))).rejects.toThrow(
    'A process of the benchmark ended with 3.',
  ));
