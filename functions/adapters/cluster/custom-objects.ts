import { ApiException } from '@kubernetes/client-node/dist/gen/apis/exception.js';
import {
  type Configuration,
  type ConfigurationOptions,
  mergeConfiguration,
} from '@kubernetes/client-node/dist/gen/configuration.js';
import { HttpMethod } from '@kubernetes/client-node/dist/gen/http/http.js';

type Kind = { readonly group: string; readonly version: string; readonly plural: string };
type Named = Kind & { readonly namespace: string; readonly name: string };
type ListOptions = {
  readonly limit?: number;
  readonly _continue?: string;
  readonly labelSelector?: string;
};
type Body = { readonly body: object; readonly fieldManager?: string };

/** How one call differs from the others: `setHeaderOptions` makes such. */
export type CallOptions = ConfigurationOptions;

/** The calls of client-node's class of that name that are made here. */
export type CustomObjects = {
  readonly listClusterCustomObject: (
    request: Kind & ListOptions,
    how?: CallOptions,
  ) => Promise<unknown>;
  readonly listNamespacedCustomObject: (
    request: Kind & ListOptions & { readonly namespace: string },
    how?: CallOptions,
  ) => Promise<unknown>;
  readonly getNamespacedCustomObject: (request: Named, how?: CallOptions) => Promise<unknown>;
  readonly createClusterCustomObject: (request: Kind & Body, how?: CallOptions) => Promise<unknown>;
  readonly createNamespacedCustomObject: (
    request: Kind & Body & { readonly namespace: string },
    how?: CallOptions,
  ) => Promise<unknown>;
  readonly patchNamespacedCustomObject: (
    request: Named & Body,
    how?: CallOptions,
  ) => Promise<unknown>;
  readonly patchNamespacedCustomObjectStatus: (
    request: Named & Body,
    how?: CallOptions,
  ) => Promise<unknown>;
};

/** The API server sent more than one of our calls reads. The rest of its answer was not read. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
  constructor(mostBytes: number) {
    super(`the answer has more than ${mostBytes} bytes`);
  }
}

/**
 * client-node's `CustomObjectsApi` on client-node's own connection, without the models of all
 * Kubernetes kinds that a class of the whole package brings along: they are half of a cold start.
 * Throws `ApiException` for an answer that is not 2xx, its body as text, and `AnswerTooLarge` for
 * one of more than `mostBytes`, decompressed.
 */
export function customObjects(configuration: Configuration, mostBytes: number): CustomObjects {
  const send = async (
    method: HttpMethod,
    path: readonly string[],
    { query = {}, body, how }: Call,
  ): Promise<unknown> => {
    const { baseServer, authMethods, middleware, httpApi } = mergeConfiguration(configuration, how);
    let context = baseServer.makeRequestContext(
      `/apis/${path.map(encodeURIComponent).join('/')}`,
      method,
    );
    context.setHeaderParam('Accept', 'application/json');
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) context.setQueryParam(name, String(value));
    if (body !== undefined) {
      context.setHeaderParam('Content-Type', 'application/json');
      context.setBody(JSON.stringify(body));
    }
    await authMethods.default?.applySecurityAuthentication(context);
    for (const one of middleware) context = await one.pre(context).toPromise();
    const { httpStatusCode: code, headers, body: answer } = await httpApi.send(context).toPromise();
    const text = await readText(answer.stream(), mostBytes);
    if (code < 200 || code > 299)
      throw new ApiException(code, 'The API server refused.', text, headers);
    return JSON.parse(text);
  };
  const list = ({ limit, _continue, labelSelector }: ListOptions) => ({
    limit,
    continue: _continue,
    labelSelector,
  });
  const kind = ({ group, version }: Kind): readonly string[] => [group, version];
  const collection = (request: Kind & { readonly namespace: string }): readonly string[] => [
    ...kind(request),
    'namespaces',
    request.namespace,
    request.plural,
  ];
  const one = (request: Named): readonly string[] => [...collection(request), request.name];
  return {
    listClusterCustomObject: (request, how) =>
      send(HttpMethod.GET, [...kind(request), request.plural], { query: list(request), how }),
    listNamespacedCustomObject: (request, how) =>
      send(HttpMethod.GET, collection(request), { query: list(request), how }),
    getNamespacedCustomObject: (request, how) => send(HttpMethod.GET, one(request), { how }),
    createClusterCustomObject: ({ body, ...request }, how) =>
      send(HttpMethod.POST, [...kind(request), request.plural], { body, how }),
    createNamespacedCustomObject: ({ body, fieldManager, ...request }, how) =>
      send(HttpMethod.POST, collection(request), { query: { fieldManager }, body, how }),
    patchNamespacedCustomObject: ({ body, fieldManager, ...request }, how) =>
      send(HttpMethod.PATCH, one(request), { query: { fieldManager }, body, how }),
    patchNamespacedCustomObjectStatus: ({ body, fieldManager, ...request }, how) =>
      send(HttpMethod.PATCH, [...one(request), 'status'], { query: { fieldManager }, body, how }),
  };
}

async function readText(
  stream: ReadableStream<Uint8Array> | null,
  mostBytes: number,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early ends the answer.
  for await (const chunk of stream ?? []) {
    length += chunk.length;
    if (length > mostBytes) throw new AnswerTooLarge(mostBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

type Call = {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly how: CallOptions | undefined;
};
