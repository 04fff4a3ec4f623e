import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';

/** The version of the package; a build runs at the root of the repository. */
export const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(resolve('package.json'), 'utf8')));
