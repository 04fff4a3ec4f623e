import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ApiServer } from './apiserver.ts';

const run = promisify(execFile);

/**
 * Does what the documentation says: creates the CRD, applies the rights, and waits until the CRD
 * is served.
 */
export async function install(server: ApiServer, program: string): Promise<void> {
  await using admin = await kubectl(program, server.kubeconfigFor(server.adminToken));
  await admin.run('create', '-k', join(manifestsFolder, 'crd'));
  await admin.run('apply', '-k', manifestsFolder);
  await untilServed(admin);
}

/** Until MCPServers can be listed. */
export async function untilServed(
  admin: Pick<Awaited<ReturnType<typeof kubectl>>, 'run'>,
): Promise<void> {
  await admin.run(
    'wait',
    '--for=condition=Established',
    '--timeout=30s',
    'crd/mcpservers.muster.giantswarm.io',
  );
  // Established, and yet "storage is (re)initializing" (429) for a moment.
  for (let tries = 0; tries < 50; tries += 1) {
    const served = await admin
      .run('get', '--raw', '/apis/muster.giantswarm.io/v1alpha1/mcpservers')
      .then(
        () => true,
        () => false,
      );
    if (served) return;
    await wait(100);
  }
  throw new Error('The API server does not serve mcpservers.');
}

const manifestsFolder = fileURLToPath(new URL('../../manifests', import.meta.url));

/** kubectl with this kubeconfig; rejects with its stderr. */
export async function kubectl(program: string, kubeconfig: string) {
  const folder = await mkdtemp(join(tmpdir(), 'muster-kubectl-'));
  const file = join(folder, 'config');
  await writeFile(file, kubeconfig, { mode: 0o600 });
  const env = { ...process.env, KUBECONFIG: file, HOME: folder };
  return {
    run: async (...args: readonly string[]): Promise<string> => {
      const { stdout } = await run(program, args, { env });
      return stdout;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
