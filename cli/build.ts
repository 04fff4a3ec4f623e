/**
 * Bundles the command line into one CommonJS file that starts fast: `node cli/build.ts [FILE]`, by
 * default `dist/muster.cjs`.
 */
import { chmod, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import * as z from 'zod/mini';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')));
const outfile = process.argv[2] ?? fileURLToPath(new URL('../dist/muster.cjs', import.meta.url));

await build({
  entryPoints: [fileURLToPath(new URL('muster.ts', import.meta.url))],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // Old enough that an old Node gets as far as the line that names the Node we need.
  target: 'node12',
  // In CommonJS `import()` of node:https would build its whole namespace, 26 ms; require does not.
  supported: { 'dynamic-import': false },
  // Less to parse at every start; messages and names of errors stay as they are.
  minifySyntax: true,
  minifyWhitespace: true,
  banner: { js: '#!/usr/bin/env node' },
  define: { 'process.env.MUSTER_VERSION': JSON.stringify(version) },
  logLevel: 'warning',
});
await chmod(outfile, 0o755);
