import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export type Project = { readonly folder: string; readonly close: () => Promise<void> };

/**
 * A copy of what is deployed, with the platform in its place and a site that is built already:
 * nothing is written into the repository.
 */
export async function copyProject(platform: string): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-stack-'));
  for (const part of [
    'sst.config.ts',
    'infra',
    'functions',
    'package.json',
    'test/stack/program.ts',
  ]) {
    await cp(join(repository, part), join(folder, part), { recursive: true });
  }
  await mkdir(join(folder, '.sst'));
  await symlink(platform, join(folder, '.sst/platform'));
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  for (const file of [
    'index.html',
    '404.html',
    'live/index.html',
    'favicon.svg',
    'sitemap-index.xml',
    '_astro/page.1a2b3c.css',
  ]) {
    await mkdir(join(folder, 'site/dist', file, '..'), { recursive: true });
    await writeFile(join(folder, 'site/dist', file), file);
  }
  return { folder, close: () => rm(folder, { recursive: true }) };
}
