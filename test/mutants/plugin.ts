import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutantsIn } from './mutants-in.ts';

const functions = fileURLToPath(new URL('../../functions/', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

/** The folders whose mutants are judged. */
export const folders = ['reachability', 'sessions'] as const;
export type Folder = (typeof folders)[number];

/** The source of a file of a judged folder, such as `reachability/due.ts`, with its mutants. */
export const mutated = (file: string) =>
  mutantsIn(file, readFileSync(join(functions, file), 'utf8'));

/** Gives the tests modules that hold their mutants, and a `vitest` that collects. */
export const mutantsPlugin = () => ({
  name: 'mutants',
  enforce: 'pre' as const,
  resolveId: (id: string, importer: string | undefined): string | undefined =>
    id === 'vitest' && importer !== undefined && !importer.startsWith(here)
      ? join(here, 'collector.ts')
      : undefined,
  load: (id: string): string | undefined => {
    const file = relative(functions, id);
    if (!folders.some((folder) => file.startsWith(`${folder}/`))) return undefined;
    const name = JSON.stringify(file);
    return `const { isMutated, countLoop } = globalThis.mutants.of(${name});\n${mutated(file).code}`;
  },
});
