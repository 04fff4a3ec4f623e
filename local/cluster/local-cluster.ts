import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { stringify } from 'yaml';
import { listenLocally } from '../listen.ts';
import { type Answer, failure, methodNotAllowed, pathNotFound, tooLarge } from './answer.ts';
import {
  type AskedRight,
  builtins,
  type Review,
  review,
  reviewPath,
  selfReview,
  selfReviewPath,
} from './builtin.ts';
import { coreEvents, coreEventsIn } from './core-events.ts';
import { type Definition, readDefinition } from './definition.ts';
import { toJson } from './object-body.ts';
import { type ObjectStore, objectStore } from './object-store.ts';
import { streamChanges, type Watch } from './object-watch.ts';
import { openApi } from './openapi-document.ts';
import { tableOf } from './printed-table.ts';
import { selectionIn } from './selected-objects.ts';
import { type Pager, pager } from './list-pages.ts';
import { type Resource, resource } from './resource.ts';
import type { ResourceRequest } from './resource-context.ts';
import { discovery, pathPrefix } from './api-discovery.ts';
import { proxyPathOf, proxyToService } from './proxied-service.ts';
import { defined } from '../../functions/model/defined.ts';

export type ClusterOptions = {
  /** The CustomResourceDefinition whose resource the cluster serves. */
  readonly crdFile: URL | string;
  /** Default: any free one. */
  readonly port?: number;
  /** Where it returns an answer, that replaces the cluster's own: tests cause failures with it. */
  readonly intercept?: (request: IncomingMessage) => Answer | undefined;
  /**
   * Decides who may get MCPServers in which namespace, as roles do in a real cluster. Default: every
   * user in every namespace.
   */
  readonly isAllowed?: (review: Review) => boolean;
  /** What the user of the kubeconfig may do, as it is told on request. Default: everything. */
  readonly mayDo?: (right: AskedRight) => boolean;
};

/** A running cluster API on loopback, empty at first. */
export type LocalCluster = {
  readonly url: string;
  /** YAML text. */
  readonly kubeconfig: string;
  /** Every continue token given out so far answers 410, as after a compaction of etcd. */
  readonly expireContinueTokens: () => void;
  readonly close: () => Promise<void>;
};

/**
 * Serves one custom resource, Leases, Events, Services and their proxy over HTTP the way the
 * Kubernetes API server does, without server-side apply. Watch, the old form of Events and the
 * OpenAPI documents are for kubectl: the product needs none of them.
 */
export async function startCluster({
  crdFile,
  port = 0,
  intercept,
  isAllowed = () => true,
  mayDo = () => true,
}: ClusterOptions): Promise<LocalCluster> {
  const definition = await readDefinition(crdFile);
  const served = [definition, ...builtins].map((one): Served => {
    const store = objectStore();
    const pages = pager(store);
    return {
      definition: one,
      store,
      pages,
      serve: resource({ definition: one, store, pager: pages }),
    };
  });

  const events = coreEventsIn(storeOf(served, 'events'));
  const eventPages = pager(events);
  const old = resource({ definition: coreEvents, store: events, pager: eventPages });
  served.push({
    definition: coreEvents,
    store: events,
    pages: eventPages,
    serve: (request) => (request.method === 'GET' ? old(request) : methodNotAllowed()),
  });
  const stores = { services: storeOf(served, 'services'), endpoints: storeOf(served, 'endpoints') };

  const answer = async (request: IncomingMessage): Promise<Answer> =>
    intercept?.(request) ?? (await route(served, { isAllowed, mayDo }, request));
  const server = createServer((request, response) => {
    const proxied = proxyPathOf(request.url ?? '');
    if (proxied !== undefined) {
      const said = intercept?.(request) ?? proxyToService(stores, proxied, request, response);
      if (said !== undefined) void send(request, response, said);
      return;
    }
    const watch = watchOf(served, request);
    if (watch !== undefined && intercept?.(request) === undefined) {
      streamChanges(watch, response);
      return;
    }
    void answer(request)
      .catch((error: unknown) => failure(500, 'InternalError', String(error)))
      .then((said) => send(request, response, said));
  });
  const { url, close } = await listenLocally(server, port);
  return {
    url,
    kubeconfig: kubeconfigOf(url),
    expireContinueTokens: () => served.forEach(({ pages }) => pages.expire()),
    close,
  };
}

/** etcd takes no more, and the API server reads no more. */
const bodyLimit = 3 * 1024 * 1024;

type Served = {
  readonly definition: Definition;
  readonly store: ObjectStore;
  readonly pages: Pager;
  readonly serve: Resource;
};

const storeOf = (served: readonly Served[], plural: string): ObjectStore =>
  served.find(({ definition }) => definition.plural === plural)?.store ?? objectStore();

async function route(
  served: readonly Served[],
  { isAllowed, mayDo }: Pick<Required<ClusterOptions>, 'isAllowed' | 'mayDo'>,
  request: IncomingMessage,
): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://cluster');
  const definitions = served.map(({ definition }) => definition);
  const found = discovery(definitions, pathname) ?? openApi(definitions, pathname);
  if (found) return found;
  const text = await readText(request);
  if (text === undefined) return tooLarge(bodyLimit);
  if (pathname === reviewPath) return review(text, isAllowed);
  if (pathname === selfReviewPath) return selfReview(text, mayDo);
  for (const { definition, serve } of served) {
    const place = placeOf(definition, pathname);
    if (place === undefined) continue;
    return serve({
      ...place,
      method: request.method ?? 'GET',
      query: searchParams,
      contentType: (request.headers['content-type'] ?? '').split(';', 1).join('').trim(),
      as: formIn(request.headers.accept ?? ''),
      text,
    });
  }
  return pathNotFound();
}

/** The watch that a request asks for; undefined: it asks for none, or for one that is refused. */
function watchOf(served: readonly Served[], request: IncomingMessage): Watch | undefined {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://cluster');
  if (request.method !== 'GET' || !/^(true|1)$/.test(query.get('watch') ?? '')) return undefined;
  for (const { definition, store } of served) {
    const place = placeOf(definition, pathname);
    if (place === undefined || place.name !== undefined) continue;
    const selection = selectionIn(definition, query, place.namespace);
    if (selection.kind === 'refused') return undefined;
    const asTable = formIn(request.headers.accept ?? '') === 'table';
    return {
      store,
      query,
      matches: selection.matches,
      shown: (object) =>
        asTable ? tableOf(definition, [object], new Date()) : toJson(definition, object),
    };
  }
  return undefined;
}

function formIn(accept: string): ResourceRequest['as'] {
  if (accept.includes(';as=PartialObjectMetadataList;')) return 'metadata';
  return accept.includes(';as=Table;v=v1;g=meta.k8s.io') ? 'table' : 'objects';
}

/**
 * What a path leads to: the collection, one object, or its status. Undefined: nothing of this
 * resource.
 */
function placeOf(
  definition: Definition,
  pathname: string,
): Pick<ResourceRequest, 'namespace' | 'name' | 'part'> | undefined {
  const path = new RegExp(
    `^${pathPrefix(definition)}(?:/namespaces/(?<namespace>[^/]+))?/${definition.plural}(?:/(?<name>[^/]+)(?<status>/status)?)?$`,
  );
  const match = path.exec(pathname);
  const { namespace, name, status } = match?.groups ?? {};
  if (!match || (name !== undefined && namespace === undefined)) return undefined;
  return defined({
    namespace,
    name,
    part: status === undefined ? 'main' : 'status',
  });
}

/**
 * The whole body; undefined when it is too large. Reads to the end in any case, so that the client
 * sees the answer.
 */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= bodyLimit) chunks.push(chunk);
  }
  return size > bodyLimit ? undefined : Buffer.concat(chunks).toString();
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { code, body, headers = {}, warnings = [] }: Answer,
): Promise<void> {
  response.statusCode = code;
  if (warnings.length > 0) {
    const lines = warnings.map((warning) => `299 - ${JSON.stringify(warning)}`);
    response.setHeader('warning', lines);
  }
  response.setHeader(
    'content-type',
    typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
  );
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  if (text.length < leastCompressed || !/\bgzip\b/.test(request.headers['accept-encoding'] ?? ''))
    return void response.end(text);
  const compressed = await compress(text, { level: 1 });
  response.setHeader('content-encoding', 'gzip');
  response.setHeader('vary', 'Accept-Encoding');
  response.end(compressed);
}

/** As APIResponseCompression of Kubernetes does: from 128 KiB on, at level 1. */
const leastCompressed = 128 * 1024;
const compress = promisify(gzip);

/** client-node refuses plain http unless the entry skips TLS verification. */
const kubeconfigOf = (url: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'local',
    clusters: [{ name: 'local', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'local', user: {} }],
    contexts: [
      { name: 'local', context: { cluster: 'local', user: 'local', namespace: 'default' } },
    ],
  });
