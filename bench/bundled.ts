/** The form in which a function is deployed: one bundle, and what it loads later beside it. */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

// What is CommonJS inside needs a require.
const banner = {
  js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
};

/** Bundles `source` as `infra/muster.ts` does, into a folder of its own in `folder`. Gives the path. */
export async function bundled(source: URL, folder: string): Promise<string> {
  const file = fileURLToPath(source);
  const name = basename(file, '.ts');
  const outdir = join(folder, name);
  await build({
    entryPoints: [file],
    outdir,
    outExtension: { '.js': '.mjs' },
    banner,
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
  });
  return join(outdir, `${name}.mjs`);
}
