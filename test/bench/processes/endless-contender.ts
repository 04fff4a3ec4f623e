/** A contender whose lap never ends. */
import { lapsOf } from '../../../bench/laps.ts';

lapsOf(async () => {
  process.stderr.write('in a lap\n');
  setInterval(() => {}, 60_000);
  await new Promise(() => {});
});
