import type { TestProject } from 'vitest/node';
import { installPlatform } from '../stack/platform.ts';
import { findVirtualEnvironment, folderOf } from '../world/installed-tools.ts';
import { findMiniStack } from './ministack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folders; undefined where one is missing. */
    readonly ministack: string | undefined;
    readonly cfnLint: string | undefined;
    readonly platform: string | undefined;
  }
}

/** Finds or installs what all files of `npm run test:aws` share, and prints how long all took. */
export default async function setup(project: TestProject): Promise<() => void> {
  const [emulator, linter, platform] = await Promise.all([
    findMiniStack(),
    findVirtualEnvironment({ 'cfn-lint': '1.58.0' }),
    installPlatform(),
  ]);
  const sst =
    platform.kind === 'there'
      ? platform
      : { ...platform, hint: `The platform of SST could not be installed: ${platform.why}` };
  project.provide('ministack', folderOf(emulator, 'MiniStack'));
  project.provide('cfnLint', folderOf(linter, 'cfn-lint'));
  project.provide('platform', folderOf(sst, 'the platform of SST'));
  const started = performance.now();
  return () => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.error(`npm run test:aws took ${seconds} s, without installations.`);
  };
}
