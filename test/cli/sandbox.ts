import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { buildMuster, removeMuster } from './run.ts';

export type Sandbox = {
  /** The built `muster`, one for the file. */
  readonly file: string;
  /** An empty folder, one for each test. */
  readonly home: string;
  /** Ends something after the test. */
  readonly endAfter: (close: () => Promise<void>) => void;
};

/** What tests of the command line need around them. For the top of a test file. */
export function sandbox(): Sandbox {
  let file = '';
  let home = '';
  const open: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    file = await buildMuster();
  });
  afterAll(() => removeMuster(file));
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'muster-home-'));
    return () => rm(home, { recursive: true });
  });
  afterEach(async () => void (await Promise.all(open.splice(0).map((close) => close()))));
  return {
    get file() {
      return file;
    },
    get home() {
      return home;
    },
    endAfter: (close) => void open.push(close),
  };
}
