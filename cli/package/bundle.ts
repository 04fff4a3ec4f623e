import { chmod, copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import * as z from 'zod/mini';
import { inlineRuntime } from './inline-runtime.ts';
import { lazyBuiltins } from './lazy-builtins.ts';

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
 * The oldest Node that the command line runs on; `old-node.cjs` says so to an older one. Its tests
 * pass under 20.0.0.
 */
export const oldestNode = 20;

/** Beside the file that people run. */
export const chunkFolder = 'muster-chunks';

/** What a bundle was made of: `inputs` has the path of each file, from the repository on. */
export type Bundled = {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly chunks: readonly Chunk[];
};
export type Chunk = {
  readonly name: string;
  readonly bytes: number;
  /** Names of the chunks that are loaded with it. */
  readonly needs: readonly string[];
};

/**
 * Bundles the command line: `outfile`, which people run, and `muster-chunks/` beside it. A command
 * reads its own chunk and what it shares with others, so that `muster list` starts as fast with
 * thirty commands as with three.
 */
export async function bundle(outfile: string): Promise<Bundled> {
  const folder = join(dirname(outfile), chunkFolder);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const build = await rolldown({
    cwd: root,
    input: { main: 'cli/muster.ts' },
    platform: 'node',
    preserveEntrySignatures: false,
    // Not ours: it makes each module strict again, and loads one for the sake of a type.
    tsconfig: false,
    // One command may load when it runs what another one is made of.
    checks: { ineffectiveDynamicImport: false },
    plugins: [lazyBuiltins, inlineRuntime],
    transform: {
      target: `node${oldestNode}`,
      // The global is a getter that loads node:perf_hooks, 1.7 ms.
      inject: { performance: [join(root, 'cli/package/uptime.ts'), 'performance'] },
    },
  });
  try {
    const { output } = await build.write({
      dir: folder,
      format: 'cjs',
      strict: true,
      minify: true,
      comments: false,
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
      // `import()` builds the namespace of a module of Node; require does not.
      dynamicImportInCjs: false,
      codeSplitting: {
        groups: [
          { name: 'main', tags: ['$initial'], priority: 3 },
          { debugName: 'list', name: listChunk(), priority: 2 },
          { debugName: 'look', name: lookChunk(), priority: 1 },
        ],
      },
    });
    await copyFile(join(root, 'cli/package/old-node.cjs'), outfile);
    await chmod(outfile, 0o755);
    const chunks = output.filter((one) => one.type === 'chunk');
    const files = new Set(chunks.map(({ fileName }) => fileName));
    const nameOf = (file: string) => file.replace(/\.cjs$/, '');
    return {
      inputs: Object.fromEntries(
        chunks.flatMap(({ moduleIds }) => moduleIds.map((id) => [id, true])),
      ),
      chunks: chunks.map(({ fileName, code, imports }) => ({
        name: nameOf(fileName),
        bytes: Buffer.byteLength(code),
        needs: imports.filter((file) => files.has(file)).map(nameOf),
      })),
    };
  } finally {
    await build.close();
  }
}

/**
 * All that `muster list` needs beyond the start is one chunk: each file more takes about 0.5 ms. It
 * also has what nearly every other command needs: the endpoint, the sign-in and the requests.
 */
function listChunk() {
  const list = join(root, 'cli/commands/list/list.ts');
  let known: ReadonlySet<string> | undefined;
  return (id: string, graph: ModuleGraph) => {
    const needed = (known ??= reachable(list, graph));
    return needed.has(id) ? 'list' : null;
  };
}

/** The commands that show something and are typed most. */
const looking = [
  'list/get',
  'list/watch',
  'server/check',
  'server/describe',
  'server/events',
  'server/wait',
  'sign-in/auth-status',
];

/** What at least two of them share is small: a file for each part of it takes more time. */
function lookChunk() {
  let known: readonly ReadonlySet<string>[] | undefined;
  return (id: string, graph: ModuleGraph) => {
    known ??= looking.map((name) => reachable(join(root, `cli/commands/${name}.ts`), graph));
    return known.filter((modules) => modules.has(id)).length > 1 ? 'look' : null;
  };
}

type ModuleGraph = {
  readonly getModuleInfo: (id: string) => { readonly importedIds: readonly string[] } | null;
};

/** A module and all that its static imports lead to. */
function reachable(from: string, graph: ModuleGraph): Set<string> {
  if (graph.getModuleInfo(from) === null)
    throw new Error(`${from} is in no bundle. Change its name in cli/package/bundle.ts.`);
  const found = new Set([from]);
  for (const id of found)
    for (const next of graph.getModuleInfo(id)?.importedIds ?? []) found.add(next);
  return found;
}

/** The folders of the packages that a bundle has something of, without doubles, sorted. */
export const packagesIn = ({ inputs }: Pick<Bundled, 'inputs'>): readonly string[] =>
  [
    ...new Set(
      Object.keys(inputs).flatMap(
        (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file) ?? [],
      ),
    ),
  ].sort();
