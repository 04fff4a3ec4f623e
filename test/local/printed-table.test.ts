import { expect, test } from 'vitest';
import { humanDuration } from '../../local/cluster/printed-table.ts';

const [minute, hour, day] = [60, 3_600, 86_400];

// Of k8s.io/apimachinery/pkg/util/duration, TestHumanDuration.
test.each([
  [-2, '<invalid>'],
  [-1, '0s'],
  [0, '0s'],
  [119, '119s'],
  [2 * minute, '2m'],
  [2 * minute + 1, '2m1s'],
  [9 * minute + 59, '9m59s'],
  [10 * minute + 30, '10m'],
  [3 * hour, '3h'],
  [3 * hour + 5 * minute, '3h5m'],
  [8 * hour + 59 * minute, '8h'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [2 * day + 5 * hour, '2d5h'],
  [8 * day + 5 * hour, '8d'],
  [729 * day, '729d'],
  [730 * day, '2y'],
  [731 * day, '2y1d'],
  [8 * 365 * day + day, '8y'],
])('%d seconds are %s, as kubectl shows them', (seconds, text) => {
  expect(humanDuration(seconds * 1000)).toBe(text);
});
