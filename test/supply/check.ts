/**
 * `npm run check:supply`: what we take from others, and what must not leave us. Writes the SBOM of
 * what is deployed to `dist/sbom.json`. Needs no network. Last line: N passed, N failed.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { bundleProblems, bundles, withBundled } from './bundles.ts';
import { installScriptProblems } from './install-scripts.ts';
import { licenseProblems, withInstalledLicenses } from './licenses.ts';
import { readLock, untrusted } from './lock.ts';
import { sbomOf, sbomProblems } from './sbom.ts';
import { secretProblems, trackedFiles } from './secrets.ts';

const root = new URL('../../', import.meta.url);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const locked = await readLock(new URL('package-lock.json', root));
const built = await bundles(root);
const packages = withBundled(locked, built);
const { allowScripts } = z
  .object({ allowScripts: z.record(z.string(), z.boolean()) })
  .parse(JSON.parse(await readFile(new URL('package.json', root), 'utf8')));
const { text, sbom } = await sbomOf(root, packages);
await mkdir(new URL('dist/', root), { recursive: true });
await writeFile(new URL('dist/sbom.json', root), text);
const installed = await withInstalledLicenses(packages, root);
const files = await trackedFiles(root);

const checks: readonly (readonly [what: string, problems: readonly string[]])[] = [
  [`${packages.length} packages come from the registry with a digest`, untrusted(packages)],
  [`dist/sbom.json lists ${sbom.components.length} packages`, sbomProblems(sbom, packages)],
  ['nothing for development is bundled', bundleProblems(built, locked)],
  ['licenses are permissive, or excepted by name', licenseProblems(installed)],
  ['install scripts are decided on', installScriptProblems(packages, allowScripts)],
  [`${files.size} tracked files hold no secrets`, secretProblems(files)],
];
for (const [what, problems] of checks) {
  say(`${problems.length === 0 ? 'ok' : 'FAILED'}  ${what}`);
  for (const problem of problems) say(`        ${problem}`);
}
const failed = checks.filter(([, problems]) => problems.length > 0).length;
say(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
