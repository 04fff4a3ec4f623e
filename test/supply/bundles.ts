import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { packagesIn } from '../../cli/package/bundle.ts';
import type { Locked } from './lock.ts';

export type Bundle = { readonly name: string; readonly packages: readonly string[] };

/** The entry points of what is deployed or handed out; infra/ names the functions by these files. */
const entries = ['functions/sweep.ts', 'functions/api.ts', 'cli/muster.ts'];

/** What SST and `cli/build.ts` put into each of them, as paths from `node_modules/` on. */
export const bundles = (root: URL): Promise<readonly Bundle[]> =>
  Promise.all(
    entries.map(async (name) => {
      const { metafile } = await build({
        absWorkingDir: fileURLToPath(root),
        entryPoints: [name],
        outdir: 'out',
        write: false,
        bundle: true,
        metafile: true,
        platform: 'node',
        format: 'esm',
        logLevel: 'error',
      });
      return { name, packages: packagePaths(metafile) };
    }),
  );

const packagePaths = (metafile: Metafile): readonly string[] =>
  packagesIn(metafile).map((path) => path.slice(path.indexOf('node_modules/')));

/**
 * Optional parts of production dependencies: esbuild takes them along where they are installed.
 * They count as deployed.
 */
export const optionalParts: ReadonlyMap<string, string> = new Map([
  ['node_modules/supports-color', 'debug, of the Kubernetes client, asks it for colors'],
]);

/** The packages, where those that are bundled count as deployed whatever the lock file says. */
export function withBundled(
  packages: readonly Locked[],
  built: readonly Bundle[],
): readonly Locked[] {
  const inside = new Set(built.flatMap((bundle) => bundle.packages));
  return packages.map(({ isDeployed, ...one }) =>
    Object.assign(one, { isDeployed: isDeployed || inside.has(one.path) }),
  );
}

/** Packages in a bundle that are not meant for deployment. One line each. */
export function bundleProblems(
  built: readonly Bundle[],
  packages: readonly Locked[],
  optional: ReadonlyMap<string, string> = optionalParts,
): readonly string[] {
  const deployed = new Set(packages.filter((one) => one.isDeployed).map(({ path }) => path));
  const inside = new Set(built.flatMap((bundle) => bundle.packages));
  const stale = [...optional.keys()]
    .filter((path) => !inside.has(path))
    .map((path) => `${path} is in no bundle. Remove it from test/supply/bundles.ts.`);
  const chosen = built.flatMap(({ name, packages: paths }) =>
    paths
      .filter((path) => !deployed.has(path) && !optional.has(path))
      .map(
        (path) =>
          `${name} bundles ${path}, a development dependency. Move it to dependencies in package.json.`,
      ),
  );
  return [...chosen, ...stale];
}
