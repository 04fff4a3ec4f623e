import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ada } from '../../local/issuer.ts';
import { type Ended, runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';

export type PersonAtMachine = {
  readonly home: string;
  readonly command: (...words: readonly string[]) => Promise<Ended>;
  readonly signIn: (address: string) => Promise<unknown>;
  readonly close: () => Promise<void>;
};

/** Ada at a machine that knows nothing yet. `muster` is of `buildMuster`. */
export async function startPerson(muster: string, endpoint: string): Promise<PersonAtMachine> {
  const home = await mkdtemp(join(tmpdir(), 'muster-person-'));
  const signIn = (address: string) => browserOf(ada).visit(address);
  return {
    home,
    signIn,
    command: (...words) =>
      runMuster(muster, words.join(' '), { endpoint, home, onAddress: signIn }),
    close: () => rm(home, { recursive: true, force: true }),
  };
}
