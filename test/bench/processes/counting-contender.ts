/** A contender whose laps are counted; the third one fails. */
import { lapsOf } from '../../../bench/laps.ts';

let laps = 0;
lapsOf(async () => {
  laps += 1;
  if (laps === 3) throw new Error('the third lap');
  const until = performance.now() + 20;
  while (performance.now() < until);
  return { laps };
});
