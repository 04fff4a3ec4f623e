import { expect, test } from 'vitest';
import { keyIdsOf, rotated } from '../../../deploy/secret/token-keys.ts';

const now = new Date('2026-11-26T14:48:10Z');
const newKey = 'B'.repeat(43);
const old = `k2:${'A'.repeat(43)}, k1:${'C'.repeat(43)}`;
const idsAfter = (rotation: Partial<Parameters<typeof rotated>[0]>): readonly string[] =>
  keyIdsOf(rotated({ old, now, newKey, ...rotation }));

test('the first key of a stage', () => {
  expect(rotated({ old: undefined, now, newKey })).toBe(`k20261126-1448:${newKey}`);
});

test('a new key goes first, and the old ones stay', () => {
  expect(idsAfter({})).toEqual(['k20261126-1448', 'k2', 'k1']);
});

test('only the newest old ones stay where the owner says how many', () => {
  expect(idsAfter({ keep: 1 })).toEqual(['k20261126-1448', 'k2']);
  expect(idsAfter({ keep: 0 })).toEqual(['k20261126-1448']);
});

test('two rotations in one minute have two ids', () => {
  const once = rotated({ old, now, newKey });
  const twice = rotated({ old: once, now, newKey });
  expect(keyIdsOf(twice)).toEqual(['k20261126-1448-2', 'k20261126-1448', 'k2', 'k1']);
  expect(keyIdsOf(rotated({ old: twice, now, newKey }))[0]).toBe('k20261126-1448-3');
});
