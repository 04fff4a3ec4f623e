/**
 * What a kubeconfig says about its current context. client-node reads its entries, and its
 * `KubeConfig` makes the credentials that take a program, a token endpoint or a proxy. That class
 * brings undici and the models of all Kubernetes kinds along, so it is loaded for those only.
 */
import { readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import {
  type Cluster,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import { load } from 'js-yaml';
import * as z from 'zod/mini';
import { defined } from '../../model/defined.ts';
import type { Authenticate, Credential } from './api-connection.ts';

export type Kubeconfig = {
  /** Undefined: there is no current context, or it names no cluster. */
  readonly cluster: Pick<Cluster, 'server' | 'skipTLSVerify'> | undefined;
  readonly contexts: readonly string[];
  readonly authenticate: Authenticate;
  /** Exec plugins and auth providers make new credentials. */
  readonly makesCredentials: boolean;
};

const documentSchema = z.object({
  clusters: z.optional(z.unknown()),
  users: z.optional(z.unknown()),
  contexts: z.optional(z.unknown()),
  'current-context': z.optional(z.unknown()),
});

/**
 * Reads the YAML of a kubeconfig; its relative paths start in `folder`. Throws many kinds of errors
 * whose messages may quote it.
 */
export function readKubeconfig(yaml: string, folder?: string): Kubeconfig {
  const document = documentSchema.parse(load(yaml));
  const contexts = newContexts(document.contexts);
  const context = contexts.find(({ name }) => name === document['current-context']);
  const cluster = newClusters(document.clusters).find(({ name }) => name === context?.cluster);
  const user = newUsers(document.users).find(({ name }) => name === context?.user);
  const makesCredentials = Boolean(user?.exec) || Boolean(user?.authProvider);
  const isPlain = !makesCredentials && !cluster?.proxyUrl;
  const written = asWritten(cluster, user, folder);
  return {
    cluster,
    contexts: contexts.map(({ name }) => name),
    authenticate: isPlain ? written : assisted(yaml, folder, written),
    makesCredentials,
  };
}

/** The same for a file, whose relative paths start in its folder. Throws also what reading throws. */
export const readKubeconfigFile = (path: string): Kubeconfig =>
  readKubeconfig(readFileSync(path, 'utf8'), dirname(path));

/** What is written in the kubeconfig, or in the files that it names: they are read once. */
function asWritten(
  cluster: Cluster | undefined,
  user: User | undefined,
  folder: string | undefined,
): Authenticate {
  const contentOf = (file: string | undefined, data: string | undefined): Buffer | undefined => {
    if (file) return readFileSync(folder === undefined ? file : resolve(folder, file));
    return data ? Buffer.from(data, 'base64') : undefined;
  };
  const read = (): Credential => ({
    tls: defined({
      ca: contentOf(cluster?.caFile, cluster?.caData),
      cert: contentOf(user?.certFile, user?.certData),
      key: contentOf(user?.keyFile, user?.keyData),
      servername: cluster?.tlsServerName || undefined,
      rejectUnauthorized: cluster?.skipTLSVerify ? false : undefined,
    }),
    headers: defined({
      authorization: authorizationOf(user),
      'impersonate-user': user?.impersonateUser || undefined,
    }),
  });
  let kept: Credential | undefined;
  return async () => (kept ??= read());
}

function authorizationOf(user: User | undefined): string | undefined {
  if (user?.token) return `Bearer ${user.token}`;
  return user?.username
    ? `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`
    : undefined;
}

/**
 * The same, with what `KubeConfig` adds: a token or certificate of a helper, which it keeps until
 * they expire, and the way through a proxy.
 */
function assisted(yaml: string, folder: string | undefined, written: Authenticate): Authenticate {
  let loading: Promise<KubeConfig> | undefined;
  return async () => {
    const config = await (loading ??= loadKubeConfig(yaml, folder));
    const added: RequestOptions = {};
    const [{ tls, headers }] = await Promise.all([written(), config.applyToHTTPSOptions(added)]);
    return defined({
      tls: { ...tls, ...defined({ cert: added.cert, key: added.key }) },
      headers: { ...headers, ...lowerCased(added.headers) },
      agent: config.getCurrentCluster()?.proxyUrl ? kept(added.agent) : undefined,
    });
  };
}

async function loadKubeConfig(yaml: string, folder: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  config.loadFromString(yaml);
  if (folder !== undefined) config.makePathsAbsolute(folder);
  return config;
}

const lowerCased = (headers: RequestOptions['headers'] = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );

/** `KubeConfig` makes agents that connect again for each request; a node agent looks here. */
const kept = (agent: RequestOptions['agent']): Agent | undefined =>
  typeof agent === 'object' ? Object.assign(agent, { keepAlive: true }) : undefined;
