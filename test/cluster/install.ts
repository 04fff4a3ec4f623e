import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ApiServer } from './apiserver.ts';

const run = promisify(execFile);

/** Does what the documentation says: `kubectl apply -k manifests`, and waits until the CRD is served. */
export async function install(server: ApiServer, program: string): Promise<void> {
  await using admin = await kubectl(program, server.kubeconfigFor(server.adminToken));
  await admin.run('apply', '-k', fileURLToPath(new URL('../../manifests', import.meta.url)));
  await admin.run('wait', '--for=condition=Established', '--timeout=30s', 'crd/mcpservers.muster.giantswarm.io');
}

/** kubectl with this kubeconfig; rejects with its stderr. */
export async function kubectl(program: string, kubeconfig: string) {
  const folder = await mkdtemp(join(tmpdir(), 'muster-kubectl-'));
  const file = join(folder, 'config');
  await writeFile(file, kubeconfig, { mode: 0o600 });
  return {
    run: async (...args: readonly string[]): Promise<string> => {
      const { stdout } = await run(program, args, { env: { ...process.env, KUBECONFIG: file, HOME: folder } });
      return stdout;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
