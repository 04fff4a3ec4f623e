import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build } from 'esbuild';

export type BundleRequest = {
  /** Of the project. */
  readonly folder: string;
  /** As sst.config.ts names it: `functions/sweep.handler`. */
  readonly handler: string;
  readonly out: string;
  readonly minify: boolean;
  readonly splitting: boolean;
};

/** What the SST CLI calls the entry of each bundle, whatever its source is called. */
const entryName = 'bundle';

/**
 * Bundles a function with the options of the SST 4.17.1 CLI for ESM and Node 24 (its
 * pkg/runtime/node/build.go). `handler` is what AWS gets: `bundle.handler`. Errors are sentences,
 * as the CLI hands them to the stack.
 */
export async function bundleFunction({ folder, handler, out, minify, splitting }: BundleRequest) {
  const dot = handler.lastIndexOf('.');
  const path = handler.slice(0, dot);
  const method = handler.slice(dot + 1);
  const entry = join(folder, `${path}.ts`);
  if (!existsSync(entry))
    return {
      handler: '',
      errors: [`There is no ${relative(folder, entry)} for the handler ${handler}.`],
    };
  await rm(out, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: [entry],
    entryNames: entryName,
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2024',
    mainFields: ['module', 'main'],
    keepNames: true,
    minify,
    splitting,
    metafile: true,
    // The CLI writes source maps and keeps them out of the zip.
    sourcemap: false,
    banner: { js: banner },
    logLevel: 'silent',
  });
  const { exports = [] } =
    metafile.outputs[
      Object.keys(metafile.outputs).find((file) => file.endsWith(`/${entryName}.mjs`)) ?? ''
    ] ?? {};
  return {
    handler: `${entryName}.${method}`,
    errors: exports.includes(method) ? [] : [`${path}.ts does not export ${method}.`],
  };
}

/** What is CommonJS inside wants these. */
const banner = [
  `import { createRequire as topLevelCreateRequire } from 'module';`,
  `const require = topLevelCreateRequire(import.meta.url);`,
  `import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from 'url';`,
  `const __filename = topLevelFileUrlToPath(import.meta.url);`,
  `const __dirname = topLevelFileUrlToPath(new topLevelURL('.', import.meta.url));`,
].join('');
