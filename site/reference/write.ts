/**
 * Writes the reference pages into `docs/reference/`, the pages of reasons, sign-in findings and
 * problem documents, CHANGELOG.md as a page into `docs/`,
 * and the schemas of `-o json` into `site/public/schema/`, where the site finds them:
 * `node site/reference/write.ts`. They are not kept in git.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import type { Reference } from '../source.ts';
import { changelogPage } from './changelog-page.ts';
import { cli } from './cli-page.ts';
import { endpoint } from './endpoint-page.ts';
import { mcpserver } from './crd-page.ts';
import { outputSchemas } from './output-schemas.ts';
import { problemPages } from './problem-pages.ts';
import { reasonPages } from './reason-pages.ts';
import { settingsPage } from './settings-page.ts';
import { signInPages } from './sign-in-pages.ts';
import { glossary } from './glossary-tables.ts';

export const pages: Readonly<Record<Reference, () => string | Promise<string>>> = {
  'reference/cli': cli,
  'reference/endpoint': endpoint,
  'reference/mcpserver': mcpserver,
  'reference/glossary': glossary,
  'reference/settings': settingsPage,
};

export async function writePages(): Promise<void> {
  const docs = new URL('../../docs/', import.meta.url);
  await mkdir(new URL('reference/', docs), { recursive: true });
  for (const folder of ['problems/', 'reasons/', 'sign-in/'])
    await mkdir(new URL(folder, docs), { recursive: true });
  for (const [page, text] of Object.entries(pages))
    await writeFile(new URL(`${page}.md`, docs), await text());
  for (const [page, text] of [...problemPages(), ...reasonPages(), ...signInPages()])
    await writeFile(new URL(`${page}.md`, docs), text);
  await writeFile(new URL('changelog.md', docs), await changelogPage());
  const schemas = new URL('../public/schema/', import.meta.url);
  await mkdir(schemas, { recursive: true });
  for (const [name, schema] of outputSchemas())
    await writeFile(new URL(`${name}.json`, schemas), `${JSON.stringify(schema, null, 2)}\n`);
}

if (import.meta.main) await writePages();
