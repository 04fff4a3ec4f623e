import { randomUUID } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, fetch } from 'undici';
import { inject } from 'vitest';
import * as z from 'zod/mini';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { compact } from '../cluster/compact.ts';
import { crdFile } from '../world/manifest.ts';
import { defined } from '../../functions/model/defined.ts';

/**
 * The API server that the contract is checked against: the local one under `npm test`, a real one
 * under `npm run test:cluster`.
 */
export type Api = {
  readonly kubeconfig: string;
  readonly send: Send;
  /** A namespace of its own for each call. */
  readonly aNamespace: () => Promise<string>;
  /** `missing`: there is no real API server. */
  readonly kind: 'local' | 'real' | 'missing';
  /** Expires every continue token. Absent where a test cannot do that. */
  readonly expireContinueTokens?: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Send = (method: string, path: string, request?: Request) => Promise<Reply>;
type Request = {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
};

export type Reply = {
  readonly code: number;
  readonly warning: string | null;
  readonly body: unknown;
  /** The body's metadata, as far as tests read it. */
  readonly metadata: Metadata;
};

type Metadata = z.infer<typeof metadataSchema>;
const metadataSchema = z.object({
  name: z._default(z.string(), ''),
  uid: z._default(z.string(), ''),
  resourceVersion: z._default(z.string(), ''),
  generation: z._default(z.number(), 0),
  continue: z._default(z.string(), ''),
  remainingItemCount: z.optional(z.number()),
});

export const group = '/apis/muster.giantswarm.io/v1alpha1';

/** Path of the collection, or of one object in it. */
export const pathOf = (namespace: string, ...rest: readonly string[]): string =>
  [`${group}/namespaces/${namespace}/mcpservers`, ...rest].join('/');

export async function anApi(): Promise<Api> {
  const real = inject('real');
  switch (real?.kind) {
    case undefined: {
      const cluster = await startCluster({ crdFile });
      const expireContinueTokens = async () => cluster.expireContinueTokens();
      return {
        ...cluster,
        expireContinueTokens,
        kind: 'local',
        ...(await connect(cluster.kubeconfig)),
      };
    }
    case 'missing':
      return {
        kind: 'missing',
        kubeconfig: '',
        send: sendNowhere,
        aNamespace: async () => '',
        close: async () => undefined,
      };
    case 'existing':
      return { kind: 'real', kubeconfig: real.kubeconfig, ...(await connectReal(real.kubeconfig)) };
    case 'own':
      return {
        kind: 'real',
        kubeconfig: real.admin,
        ...(await connectReal(real.admin)),
        expireContinueTokens: () => compact(real.etcdUrl),
      };
  }
}

/** A watch answers with a line for each event. */
const isJson = (text: string): boolean => text.startsWith('{') && !text.trimEnd().includes('}\n{');

const sendNowhere: Send = async () => {
  throw new Error('There is no API server.');
};

/** Deletes its namespaces at the end: the cluster may serve others. */
async function connectReal(
  kubeconfig: string,
): Promise<Pick<Api, 'send' | 'aNamespace' | 'close'>> {
  const { send, aNamespace } = await connect(kubeconfig);
  const made: string[] = [];
  return {
    send,
    aNamespace: async () => {
      const name = await aNamespace();
      made.push(name);
      return name;
    },
    close: async () =>
      void (await Promise.all(made.map((name) => send('DELETE', `/api/v1/namespaces/${name}`)))),
  };
}

/** Talks to the API server without client-node's help, but for reading the kubeconfig. */
async function connect(kubeconfig: string): Promise<Pick<Api, 'send' | 'aNamespace'>> {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const address = config.getCurrentCluster()?.server ?? '';
  const { ca, cert, key, rejectUnauthorized, headers }: RequestOptions = await tlsOf(config);
  const authorization =
    headers && 'Authorization' in headers ? { authorization: String(headers.Authorization) } : {};
  const dispatcher = new Agent({ connect: { ca, cert, key, rejectUnauthorized } });

  const send: Send = async (
    method,
    path,
    { body, contentType = 'application/json', accept } = {},
  ) => {
    const response = await fetch(
      `${address}${path}`,
      defined({
        method,
        dispatcher,
        headers: defined({
          ...authorization,
          accept,
          'content-type': body === undefined ? undefined : contentType,
        }),
        body:
          body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      }),
    );
    const text = await response.text();
    const said: unknown = isJson(text) ? JSON.parse(text) : text;
    const metadata =
      z.object({ metadata: metadataSchema }).safeParse(said).data?.metadata ??
      metadataSchema.parse({});
    return {
      code: response.status,
      warning: response.headers.get('warning'),
      body: said,
      metadata,
    };
  };

  return {
    send,
    aNamespace: async () => {
      const name = `contract-${randomUUID()}`;
      // The local cluster accepts any namespace; in a real one it has to be created.
      await send('POST', '/api/v1/namespaces', {
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      });
      return name;
    },
  };
}

async function tlsOf(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}
