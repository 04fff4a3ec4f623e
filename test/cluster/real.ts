import { readFile } from 'node:fs/promises';
import type { ApiServer } from './apiserver.ts';
import type { Assets, Found } from './assets.ts';

/** What the setup tells the test files, as plain data. */
export type Real =
  | { readonly kind: 'missing' }
  /** A cluster of somebody else's: only namespaces of our own may be touched. */
  | { readonly kind: 'existing'; readonly kubeconfig: string }
  | {
      readonly kind: 'own';
      readonly assets: Assets;
      readonly url: string;
      readonly caPem: string;
      readonly etcdUrl: string;
      /** Of an admin. */
      readonly admin: string;
      readonly adminToken: string;
    };

declare module 'vitest' {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- merging is how vitest learns the type
  interface ProvidedContext {
    /** Absent under `npm test`. */
    real?: Real;
  }
}

export async function provideFor(found: Found, server: ApiServer | undefined): Promise<Real> {
  switch (found.kind) {
    case 'missing':
      return { kind: 'missing' };
    case 'existing':
      return { kind: 'existing', kubeconfig: await readFile(found.path, 'utf8') };
    case 'assets': {
      if (server === undefined) throw new Error('The API server was not started.');
      const { url, caPem, etcdUrl, adminToken } = server;
      return {
        kind: 'own',
        assets: found.assets,
        url,
        caPem,
        etcdUrl,
        admin: server.kubeconfigFor(adminToken),
        adminToken,
      };
    }
  }
}
