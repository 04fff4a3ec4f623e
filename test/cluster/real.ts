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
      /** Of an admin, of upstream muster, and of somebody without any right. */
      readonly admin: string;
      readonly muster: string;
      readonly nobody: string;
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
      const { url, caPem, etcdUrl, kubeconfigFor } = server;
      const [admin, muster, nobody] = ['admin-token', 'muster-token', 'nobody-token'].map(kubeconfigFor);
      if (admin === undefined || muster === undefined || nobody === undefined) throw new Error('A user is missing.');
      return { kind: 'own', assets: found.assets, url, caPem, etcdUrl, admin, muster, nobody };
    }
  }
}
