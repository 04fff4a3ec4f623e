/** The Kubernetes API server: lists and reads MCPServers, writes their status. */
import * as z from 'zod/mini';
import type {
  Page,
  PageResult,
  PatchResult,
  PatchStatus,
  ReadServer,
} from '../../model/mcpserver.ts';
import { call, type Cluster, mergePatch } from './apiserver.ts';
import {
  labelsOf,
  nameOf,
  ownStatus,
  readItem,
  shortStatus,
  statusPatch,
} from './mcpserver-object.ts';
import { AnswerTooLarge, type CallHeaders } from './custom-objects.ts';
import { causesOf, clusterErrorFor, refusal, statusOf } from './refusal.ts';
import { defined } from '../../model/defined.ts';
import { ClusterError } from '../../model/cluster-error.ts';
import type { Selects } from '../../model/label-selector.ts';

/** Without looking at labels. */
const selectsAll: Selects = () => true;

/** As `readItem`; it may give what it gave for the same version of the object before. */
type ReadItem = typeof readItem;

type ListPage = (request: {
  readonly limit: number;
  readonly continue?: string;
}) => Promise<PageResult>;

/**
 * Gives the function that lists one page: fewer than `limit` where so many are too many bytes, and
 * one that is too large by itself is malformed. With `selects` a page holds only the objects with such
 * labels; `continue` then says nothing about them. It throws `ClusterError`, for example where the
 * CRD is not installed.
 */
export function pageLister(
  cluster: Cluster,
  selects: Selects = selectsAll,
  read: ReadItem = readItem,
): ListPage {
  const list = lister(cluster);
  const listNames = lister(cluster, metadataOnly);
  return async (request) => {
    const answer = await listFewer(list, request);
    switch (answer.kind) {
      case 'expired':
        return answer;
      case 'answer':
        return defined({
          kind: 'page',
          page: readPage(cluster, answer.body, selects, read),
          smallerLimit: answer.limit < request.limit ? answer.limit : undefined,
        });
      case 'tooLarge': {
        const named = await listFewer(listNames, { ...request, limit: 1 });
        if (named.kind === 'tooLarge') throw tooManyBytes(cluster);
        return named.kind === 'expired'
          ? named
          : { kind: 'page', page: withoutContent(cluster, named.body, selects), smallerLimit: 1 };
      }
    }
  };
}

/**
 * Halves what is asked for until the answer is small enough. Where it did not come in time, far
 * fewer are asked for, once: an API server that is down must not cost the whole run.
 */
async function listFewer(
  list: Lister,
  request: Parameters<ListPage>[0],
): Promise<Exclude<Answered, { readonly kind: 'tooSlow' }> & { readonly limit: number }> {
  let { limit } = request;
  let wasSlow = false;
  for (;;) {
    const answer = await list({ ...request, limit });
    if (answer.kind === 'tooSlow') {
      if (wasSlow || limit === 1) throw answer.error;
      wasSlow = true;
      limit = Math.ceil(limit / 16);
    } else if (answer.kind === 'tooLarge' && limit > 1) limit = Math.ceil(limit / 2);
    else return { ...answer, limit };
  }
}

/** What one look ahead found: how many MCPServers it passed, and where the next one begins. */
type Skipped = { readonly count: number; readonly continue?: string };

/**
 * Gives the function that finds where the page after the next `limit` MCPServers begins, or after
 * fewer where their metadata is too many bytes. It reads nothing else of them. It throws
 * `ClusterError`, also where the token has expired.
 */
export function pageSkipper(
  cluster: Cluster,
): (request: { readonly limit: number; readonly continue: string }) => Promise<Skipped> {
  const list = lister(cluster, metadataOnly);
  return async (request) => {
    const answer = await listFewer(list, request);
    switch (answer.kind) {
      case 'expired':
        throw new ClusterError({ reason: 'continueExpired' });
      case 'tooLarge':
        throw tooManyBytes(cluster);
      case 'answer': {
        const { items, metadata } = readList(cluster, answer.body);
        return defined({ count: items.length, continue: metadata.continue || undefined });
      }
    }
  };
}

const metadataOnly: CallHeaders = {
  accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
};

const tooManyBytes = ({ address }: Cluster): ClusterError =>
  new ClusterError({ reason: 'answerTooLarge', address, action: 'list mcpservers' });

type Lister = (...request: Parameters<ListPage>) => Promise<Answered>;

type Answered =
  | { readonly kind: 'answer'; readonly body: unknown }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'tooSlow'; readonly error: ClusterError }
  | Exclude<PageResult, { readonly kind: 'page' }>;

function lister(cluster: Cluster, headers?: CallHeaders): Lister {
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
          ? cluster.api.listNamespacedCustomObject({ ...request, namespace }, headers)
          : cluster.api.listClusterCustomObject(request, headers),
      );
      return { kind: 'answer', body };
    } catch (error) {
      if (error instanceof AnswerTooLarge) return { kind: 'tooLarge' };
      if (refusal(error)?.code === 410) return { kind: 'expired', ...statusOf(error).metadata };
      const failure = clusterErrorFor(cluster, 'list mcpservers', error);
      if (failure.failure.reason === 'timeout') return { kind: 'tooSlow', error: failure };
      throw failure;
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
 * Gives the function that writes a status. One that the API server refuses as invalid (422) is
 * written in shorter forms: no verdict is lost to its own words, or to those of other writers. The
 * audit log of the API server has `trace` as the id of the request. It never throws for an API
 * server or network failure: that is `refused`.
 */
export function statusPatcher(
  cluster: Cluster,
  trace?: string,
  writer = 'muster-serverless',
): PatchStatus {
  const patch = patcher(cluster, trace, writer);
  return async (server, next) => {
    const first = await patch(server, next);
    if (first.kind !== 'invalid') return first;
    for (const shorter of [shortStatus(next), ownStatus(shortStatus(next))]) {
      const written = await patch(server, shorter);
      if (written.kind === 'written') return { ...written, shortened: first.detail };
      if (written.kind !== 'invalid') return written;
    }
    return { kind: 'refused', detail: first.detail };
  };
}

type Patched = PatchResult | { readonly kind: 'invalid'; readonly detail: string };

function patcher(
  cluster: Cluster,
  trace: string | undefined,
  fieldManager: string,
): (...write: Parameters<PatchStatus>) => Promise<Patched> {
  const headers = { ...mergePatch, ...defined({ 'audit-id': trace }) };
  return async ({ namespace, name, resourceVersion }, next) => {
    const body = { metadata: { resourceVersion }, status: statusPatch(next) };
    const request = { ...resource, namespace, name, body, fieldManager };
    try {
      const answer = await call(cluster, () =>
        cluster.api.patchNamespacedCustomObjectStatus(request, headers),
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
          return { kind: 'invalid', detail: `HTTP 422: ${causesOf(error)}` };
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

function readList({ address }: Cluster, answer: unknown): z.infer<typeof pageSchema> {
  const list = pageSchema.safeParse(answer);
  if (!list.success)
    throw new ClusterError({ reason: 'unexpectedAnswer', address, expected: 'a list' });
  return list.data;
}

/** The one MCPServer of a list of metadata, whose content is more than we read. */
function withoutContent(cluster: Cluster, answer: unknown, selects: Selects): Page {
  const { items, metadata } = readList(cluster, answer);
  const selected = items.filter((item) => selects(labelsOf(item)));
  return defined({
    servers: [],
    malformed: selected.map(nameOf).map(({ namespace, name }) => ({
      namespace,
      name,
      message: 'The object is too large to be read. Remove what makes it large.',
    })),
    continue: metadata.continue || undefined,
  });
}

function readPage(cluster: Cluster, answer: unknown, selects: Selects, read: ReadItem): Page {
  const list = readList(cluster, answer);
  const selected =
    selects === selectsAll ? list.items : list.items.filter((item) => selects(labelsOf(item)));
  const items = selected.map(read);
  const next = list.metadata.continue;
  return defined({
    servers: items.flatMap((item) => (item.kind === 'server' ? [item.server] : [])),
    malformed: items.flatMap((item) => (item.kind === 'malformed' ? [item.malformed] : [])),
    continue: next || undefined,
  });
}
