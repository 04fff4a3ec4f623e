import type { TestProject } from 'vitest/node';
import { findInspector, findPythonClients, type Found } from './client-tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folders of the clients; undefined where one is missing. */
    readonly pythonClients: string | undefined;
    readonly inspector: string | undefined;
  }
}

/** Finds or installs the clients that all files of `npm run test:clients` share. */
export default async function setup(project: TestProject): Promise<void> {
  const [python, inspector] = await Promise.all([findPythonClients(), findInspector()]);
  project.provide('pythonClients', folderOf(python, 'the Python clients'));
  project.provide('inspector', folderOf(inspector, 'the inspector'));
}

function folderOf(found: Found, what: string): string | undefined {
  if (found.kind === 'missing') {
    console.error(`\n${found.hint}\nNOTHING IS TESTED with ${what}: its tests are SKIPPED.\n`);
    return undefined;
  }
  const { folder, installMs } = found;
  if (installMs !== undefined)
    console.error(`Installed ${what} in ${(installMs / 1000).toFixed(0)} s: ${folder}`);
  return folder;
}
