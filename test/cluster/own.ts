/**
 * What the tests of this folder share: the real API server, and requests to it as this user or
 * that.
 */
import { Agent, fetch } from 'undici';
import { inject } from 'vitest';
import type { Real } from './real.ts';
import { defined } from '../../functions/model/defined.ts';

export type OwnCluster = Extract<Real, { kind: 'own' }>;

/** The API server of the setup; where there is none, why the tests are skipped. */
export function ownCluster(): { readonly own: OwnCluster; readonly why?: string } {
  const real = inject('real');
  switch (real?.kind) {
    case 'own':
      return { own: real };
    case 'existing':
      return { own: nowhere, why: 'it wants an API server of its own' };
    case 'missing':
    case undefined:
      return { own: nowhere, why: 'there is no API server' };
  }
}

// Skipped tests are collected all the same, and counted.
const nowhere: OwnCluster = {
  kind: 'own',
  assets: { kubeApiserver: '', etcd: '', kubectl: '', source: '' },
  url: '',
  caPem: '',
  etcdUrl: '',
  admin: '',
  adminToken: '',
};

export type Answered = { readonly code: number; readonly body: unknown };

/** Sends requests with one bearer. `close` ends its connections. */
export function asUser(
  { url, caPem }: { readonly url: string; readonly caPem: string },
  token: string,
) {
  const dispatcher = new Agent({ connect: { ca: caPem } });
  const send = async (
    method: string,
    path: string,
    body?: object,
    contentType = 'application/json',
  ): Promise<Answered> => {
    const reply = await fetch(
      `${url}${path}`,
      defined({
        method,
        dispatcher,
        headers: { authorization: `Bearer ${token}`, 'content-type': contentType },
        body: body ? JSON.stringify(body) : undefined,
      }),
    );
    const text = await reply.text();
    return { code: reply.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  return {
    send,
    /** Creates an MCPServer; throws when it is not taken. */
    create: async (manifest: object): Promise<void> => {
      const { code, body } = await send('POST', servers, manifest);
      if (code !== 201)
        throw new Error(`An MCPServer was answered ${code}: ${JSON.stringify(body)}`);
    },
    close: () => dispatcher.destroy(),
  };
}

export const mergePatch = 'application/merge-patch+json';
export const servers = '/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers';
