import type { TestProject } from 'vitest/node';
import { type ApiServer, startApiServer } from './apiserver.ts';
import { findAssets } from './assets.ts';
import { install } from './install.ts';
import { provideFor } from './real.ts';

/**
 * Starts the API server that all files of `npm run test:cluster` share, with `manifests/` applied;
 * without one they count as skipped.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string): void => console.error(line);
  const found = await findAssets(process.env, say);
  let server: ApiServer | undefined;
  switch (found.kind) {
    case 'missing':
      say(
        `\n${found.hint}\n\nNOTHING IS TESTED against a real API server: every test below counts as skipped.\n`,
      );
      break;
    case 'existing':
      say(
        `Using the cluster of ${found.path}, which has to serve the CRD. Tests that need an API server of their own count as skipped.`,
      );
      break;
    case 'assets': {
      const started = Date.now();
      server = await startApiServer(found.assets);
      await install(server, found.assets.kubectl).catch(async (error: unknown) => {
        await server?.close();
        throw error;
      });
      say(
        `kube-apiserver and etcd of ${found.assets.source} are ready after ${Date.now() - started} ms, with manifests/ applied.`,
      );
    }
  }
  project.provide('real', await provideFor(found, server));
  return async () => server?.close();
}
