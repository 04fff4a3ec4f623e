import type { TestProject } from 'vitest/node';
import { findDistribution } from './distribution.ts';
import { startKeycloak } from './keycloak.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly keycloak: { readonly url: string; readonly password: string } | undefined;
  }
}

/** Starts the Keycloak that all files of `npm run test:keycloak` share. */
export default async function setup(
  project: TestProject,
): Promise<(() => Promise<void>) | undefined> {
  const say = (line: string): void => console.error(line);
  const found = await findDistribution();
  if (found.kind === 'missing') {
    say(
      `\n${found.hint}\nNOTHING IS TESTED against a real Keycloak: every test below is SKIPPED.\n`,
    );
    project.provide('keycloak', undefined);
    return undefined;
  }
  if (found.fetchMs !== undefined)
    say(`Keycloak was fetched and built in ${(found.fetchMs / 1000).toFixed(0)} s: ${found.home}`);
  const started = performance.now();
  const { url, password, close } = await startKeycloak(found.home);
  say(`Keycloak listens after ${((performance.now() - started) / 1000).toFixed(0)} s.`);
  project.provide('keycloak', { url, password });
  return close;
}
