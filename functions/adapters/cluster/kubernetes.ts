/** The Kubernetes API server: lists and reads MCPServers, writes their status. */
import { setHeaderOptions } from '@kubernetes/client-node/dist/middleware.js';
import * as z from 'zod/mini';
import type { Page, PatchStatus, ReadServer, PageResult } from '../../model/mcpserver.ts';
import { call, type Cluster, mergePatch } from './apiserver.ts';
import { readItem, statusPatch } from './mcpserver-object.ts';
import { causesOf, clusterErrorFor, refusal, statusOf } from './refusal.ts';
import { defined } from '../../model/defined.ts';
import { ClusterError } from '../../model/cluster-error.ts';

type ListPage = (request: {
  readonly limit: number;
  readonly continue?: string;
}) => Promise<PageResult>;

/**
 * Gives the function that lists one page. It throws `ClusterError`, for example where the CRD is
 * not installed.
 */
export function pageLister(cluster: Cluster): ListPage {
  const list = lister(cluster);
  return async (request) => {
    const answer = await list(request);
    return answer.kind === 'expired'
      ? answer
      : { kind: 'page', page: readPage(cluster, answer.body) };
  };
}

/**
 * Gives the function that finds where the page after the next `limit` MCPServers begins. It reads
 * only their metadata. Undefined: there is no later page. It throws `ClusterError`, also where the
 * token has expired.
 */
export function pageSkipper(
  cluster: Cluster,
): (request: { readonly limit: number; readonly continue: string }) => Promise<string | undefined> {
  const list = lister(
    cluster,
    setHeaderOptions(
      'Accept',
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
    ),
  );
  return async (request) => {
    const answer = await list(request);
    if (answer.kind === 'expired') throw new ClusterError({ reason: 'continueExpired' });
    return pageSchema.parse(answer.body).metadata.continue || undefined;
  };
}

type Answered =
  | { readonly kind: 'answer'; readonly body: unknown }
  | Exclude<PageResult, { readonly kind: 'page' }>;

function lister(
  cluster: Cluster,
  how?: typeof mergePatch,
): (...request: Parameters<ListPage>) => Promise<Answered> {
  const { namespace, labelSelector } = cluster.selection;
  return async ({ limit, continue: token }) => {
    const request = defined({
      ...resource,
      limit,
      _continue: token || undefined,
      labelSelector: labelSelector || undefined,
    });
    try {
      const body = await call(cluster, () =>
        namespace
          ? cluster.api.listNamespacedCustomObject({ ...request, namespace }, how)
          : cluster.api.listClusterCustomObject(request, how),
      );
      return { kind: 'answer', body };
    } catch (error) {
      if (refusal(error)?.code === 410) return { kind: 'expired', ...statusOf(error).metadata };
      throw clusterErrorFor(cluster, 'list mcpservers', error);
    }
  };
}

/** Gives the function that reads one MCPServer. It throws `ClusterError`. */
export function serverReader(cluster: Cluster): ReadServer {
  return async (namespace, name) => {
    try {
      const item = readItem(
        await call(cluster, () =>
          cluster.api.getNamespacedCustomObject({ ...resource, namespace, name }),
        ),
      );
      if (item.kind === 'server') return item.server;
      throw new ClusterError({
        reason: 'malformedServer',
        namespace,
        name,
        message: item.malformed.message,
      });
    } catch (error) {
      if (refusal(error)?.code === 404) return undefined;
      throw clusterErrorFor(cluster, 'get mcpservers', error);
    }
  };
}

/**
 * Gives the function that writes a status. The audit log of the API server has `trace` as the id of
 * the request. It never throws for an API server or network failure: that is `refused`.
 */
export function statusPatcher(cluster: Cluster, trace?: string): PatchStatus {
  const how = trace === undefined ? mergePatch : setHeaderOptions('Audit-ID', trace, mergePatch);
  return async ({ namespace, name, resourceVersion }, next) => {
    const body = { metadata: { resourceVersion }, status: statusPatch(next) };
    const request = { ...resource, namespace, name, body, fieldManager: 'muster-serverless' };
    try {
      const answer = await call(cluster, () =>
        cluster.api.patchNamespacedCustomObjectStatus(request, how),
      );
      const written = writtenSchema.safeParse(answer);
      if (!written.success)
        return {
          kind: 'refused',
          detail: `The API server ${cluster.address} answered with something that is not an object.`,
        };
      return { kind: 'written', resourceVersion: written.data.metadata.resourceVersion };
    } catch (error) {
      switch (refusal(error)?.code ?? 0) {
        case 404:
          return { kind: 'gone' };
        case 409:
          return { kind: 'conflict' };
        case 422:
          return { kind: 'refused', detail: `HTTP 422: ${causesOf(error)}` };
        default:
          return {
            kind: 'refused',
            detail: clusterErrorFor(cluster, 'patch mcpservers/status', error).message,
          };
      }
    }
  };
}

const resource = {
  group: 'muster.giantswarm.io',
  version: 'v1alpha1',
  plural: 'mcpservers',
} as const;

const pageSchema = z.object({
  metadata: z.object({ continue: z.optional(z.string()) }),
  items: z.array(z.unknown()),
});
const writtenSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

function readPage(cluster: Cluster, answer: unknown): Page {
  const list = pageSchema.safeParse(answer);
  if (!list.success)
    throw new ClusterError({
      reason: 'unexpectedAnswer',
      address: cluster.address,
      expected: 'a list',
    });
  const items = list.data.items.map(readItem);
  const next = list.data.metadata.continue;
  return defined({
    servers: items.flatMap((item) => (item.kind === 'server' ? [item.server] : [])),
    malformed: items.flatMap((item) => (item.kind === 'malformed' ? [item.malformed] : [])),
    continue: next || undefined,
  });
}
