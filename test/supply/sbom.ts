import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import type { Locked } from './lock.ts';

const sbomSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.object({ name: z.string(), version: z.string() })),
});

const partSchema = z.looseObject({
  packages: z.optional(z.record(z.string(), z.looseObject({}))),
});
export type Sbom = z.infer<typeof sbomSchema>;

/**
 * What is deployed, as CycloneDX, by `npm sbom` and offline; the text is what to keep. npm gets a
 * lock file without the rest: its own `--omit dev` also leaves out what a development dependency
 * happens to need as well (npm 11.19).
 */
export async function sbomOf(
  root: URL,
  packages: readonly Locked[],
): Promise<{ readonly text: string; readonly sbom: Sbom }> {
  const deployed = new Set(packages.filter((one) => one.isDeployed).map(({ path }) => path));
  const box = await mkdtemp(join(tmpdir(), 'muster-sbom-'));
  try {
    // npm calls the whole after its folder.
    const folder = join(box, 'muster-serverless');
    await mkdir(folder);
    const parse = async (file: string) =>
      partSchema.parse(JSON.parse(await readFile(new URL(file, root), 'utf8')));
    const { devDependencies: _, ...manifest } = await parse('package.json');
    const { packages: locked = {}, ...lock } = await parse('package-lock.json');
    const { devDependencies: __, ...own } = locked[''] ?? {};
    // npm lists what nothing of production asks for, but is bundled, where it is "extraneous".
    const kept = Object.entries(locked)
      .filter(([path]) => deployed.has(path))
      .map(([path, { dev = false, ...one }]) => [path, Object.assign(one, { extraneous: dev })]);
    const rest = Object.fromEntries([['', own], ...kept]);
    const write = (file: string, content: object) =>
      writeFile(join(folder, file), JSON.stringify(content));
    await write('package.json', manifest);
    await write('package-lock.json', { ...lock, packages: rest });
    const { stdout: text } = await promisify(execFile)(
      'npm',
      ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--offline'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
    );
    return { text, sbom: sbomSchema.parse(JSON.parse(text)) };
  } finally {
    await rm(box, { recursive: true });
  }
}

/** What is deployed and not in the list. One line each. */
export function sbomProblems({ components }: Sbom, packages: readonly Locked[]): readonly string[] {
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  return packages
    .filter(({ isDeployed, name, version }) => isDeployed && !listed.has(`${name}@${version}`))
    .map(
      ({ name, version }) =>
        `${name} ${version} is not in the SBOM. Run npm install, so that package-lock.json is whole.`,
    );
}
