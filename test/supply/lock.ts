import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';

/** One package of package-lock.json. */
export type Locked = {
  /** Below the root: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly license?: string | undefined;
  readonly integrity?: string | undefined;
  /** Only where it does not come from the registry: .npmrc leaves the others out. */
  readonly resolved?: string | undefined;
  /** Wanted by production dependencies; the others serve development and tests only. */
  readonly isDeployed: boolean;
  readonly hasInstallScript: boolean;
};

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.optional(z.string()),
      version: z.optional(z.string()),
      license: z.optional(z.string()),
      integrity: z.optional(z.string()),
      resolved: z.optional(z.string()),
      dev: z.optional(z.boolean()),
      devOptional: z.optional(z.boolean()),
      hasInstallScript: z.optional(z.boolean()),
    }),
  ),
});

/** All packages of a lock file, without the root. */
export async function readLock(file: URL): Promise<readonly Locked[]> {
  const { packages } = lockSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, { name, version = '', license, integrity, resolved, ...kind }]) => ({
      path,
      name: name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      license,
      integrity,
      resolved,
      isDeployed: kind.dev !== true && kind.devOptional !== true,
      hasInstallScript: kind.hasInstallScript === true,
    }));
}

/** What does not come from the registry, or comes without a digest to compare. One line each. */
export const untrusted = (packages: readonly Locked[]): readonly string[] =>
  packages.flatMap(({ name, version, integrity = '', resolved }) => [
    ...(resolved === undefined
      ? []
      : [`${name} ${version} comes from ${resolved}. Take it from the registry.`]),
    ...(integrity.startsWith('sha512-')
      ? []
      : [`${name} ${version} has no SHA-512 in the lock file. Run npm install ${name} again.`]),
  ]);
