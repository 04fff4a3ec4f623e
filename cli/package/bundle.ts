import { chmod, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import * as z from 'zod/mini';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the repository says about itself, as far as the command line says it again. */
export const manifest = z
  .object({
    name: z.string(),
    version: z.string(),
    license: z.string(),
    bin: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')));

/**
 * The oldest Node that the command line runs on; `cli/runtime.ts` says so to an older one. Its
 * tests pass under 20.0.0.
 */
export const oldestNode = 20;

/** Bundles the command line into one CommonJS file that starts fast. Tells what went in. */
export async function bundle(outfile: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['cli/muster.ts'],
    outfile,
    bundle: true,
    // Not ours: it makes each module strict again, and loads one for the sake of a type.
    tsconfigRaw: {},
    metafile: true,
    platform: 'node',
    format: 'cjs',
    // Old enough that an old Node gets as far as the line that names the Node we need.
    target: 'node12',
    // In CommonJS `import()` of node:https would build its whole namespace, 26 ms; require does not.
    supported: { 'dynamic-import': false },
    // Less to parse at every start. Messages and names of errors are texts and stay.
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: true,
    banner: { js: '#!/usr/bin/env node\n"use strict";' },
    define: { 'process.env.MUSTER_VERSION': JSON.stringify(manifest.version) },
    logLevel: 'warning',
  });
  await chmod(outfile, 0o755);
  return metafile;
}

/** The folders of the packages that a bundle has something of, without doubles, sorted. */
export const packagesIn = ({ inputs }: Metafile): readonly string[] =>
  [
    ...new Set(
      Object.keys(inputs).flatMap(
        (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file) ?? [],
      ),
    ),
  ].sort();
