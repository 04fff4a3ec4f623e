/**
 * `node cli/package/pack.ts [FOLDER]` writes the command line as a package of its own, by default
 * into `dist/package`: it has no dependencies, where the repository would bring those of AWS.
 */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { bundle, chunkFolder, manifest, oldestNode, packagesIn, root } from './bundle.ts';

const [given] = process.argv.slice(2);
const folder = given === undefined ? join(root, 'dist/package') : resolve(given);

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const bundled = await bundle(join(folder, 'muster.cjs'));
await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
await copyFile(join(root, 'cli/package/README.md'), join(folder, 'README.md'));
await writeFile(join(folder, 'THIRD-PARTY.txt'), await notices(packagesIn(bundled)));
const { name, version, license, bin } = manifest;
const packed = {
  name,
  version,
  description: 'muster: can an MCP server be reached, and am I signed in to it?',
  license,
  bin: Object.fromEntries(Object.keys(bin).map((command) => [command, 'muster.cjs'])),
  files: ['muster.cjs', chunkFolder, 'THIRD-PARTY.txt'],
  engines: { node: `>=${oldestNode}` },
};
await writeFile(join(folder, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`);

/** The licenses ask that their text goes along with the code. */
async function notices(packages: readonly string[]): Promise<string> {
  if (packages.length === 0) return 'It contains no code of other packages.\n';
  const described = z.object({ name: z.string(), version: z.string(), license: z.string() });
  const parts = packages.map(async (path) => {
    const at = resolve(root, path);
    const own = described.parse(JSON.parse(await readFile(join(at, 'package.json'), 'utf8')));
    const files = (await readdir(at)).filter((file) => /^(licen[sc]e|notice|copying)/i.test(file));
    const texts = await Promise.all(files.map((file) => readFile(join(at, file), 'utf8')));
    return [`${own.name} ${own.version}, ${own.license}`, ...texts.map((text) => text.trim())];
  });
  return `${(await Promise.all(parts)).map((part) => part.join('\n\n')).join('\n\n----\n\n')}\n`;
}
