import type { TestProject } from 'vitest/node';
import { findMiniStack } from '../aws/ministack.ts';
import { folderOf } from '../world/installed-tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of MiniStack; undefined where it is missing. */
    readonly miniStack: string | undefined;
  }
}

/** Finds or installs MiniStack. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('miniStack', folderOf(await findMiniStack(), 'the store on MiniStack'));
}
