import type { TestProject } from 'vitest/node';
import { folderOf } from '../world/installed-tools.ts';
import { findInspector, findPythonClients } from './client-tools.ts';

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
