import type { TestProject } from 'vitest/node';
import { type Evaluation, evaluate, owner } from './evaluate.ts';
import { installPlatform } from './platform.ts';
import { copyProject } from './project.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly stack: Stack;
  }
}

/** The deployment that most tests look at: production, on EKS. */
export type Stack =
  | { readonly kind: 'missing'; readonly why: string }
  | { readonly kind: 'there'; readonly folder: string; readonly evaluation: Evaluation };

/** Evaluates the stack once for all files; where SST cannot be installed they count as skipped. */
export default async function setup(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const say = (line: string): void => console.error(line);
  const platform = await installPlatform();
  if (platform.kind === 'missing') {
    say(`\nThe platform of SST could not be installed: ${platform.why}`);
    say(
      'NOTHING IS TESTED of the stack: every test below counts as skipped. Is the npm registry within reach?\n',
    );
    project.provide('stack', { kind: 'missing', why: platform.why });
    return undefined;
  }
  if (platform.installMs !== undefined)
    say(
      `sst install took ${(platform.installMs / 1000).toFixed(0)} s; it is kept in ${platform.folder}`,
    );
  const { folder, close } = await copyProject(platform.folder);
  const started = performance.now();
  const evaluation = await evaluate({ folder, environment: owner });
  say(`The stack was evaluated in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
  project.provide('stack', { kind: 'there', folder, evaluation });
  return close;
}
