import { ApiException } from '@kubernetes/client-node/dist/gen/apis/exception.js';
import type { ApiAnswer, ApiRequest } from './api-connection.ts';

type Kind = { readonly group: string; readonly version: string; readonly plural: string };
type Named = Kind & { readonly namespace: string; readonly name: string };
type ListOptions = {
  readonly limit?: number;
  readonly _continue?: string;
  readonly labelSelector?: string;
};
type Body = { readonly body: object; readonly fieldManager?: string };

/** How one call differs from the others. Names in lower case. */
export type CallHeaders = Readonly<Record<string, string>>;

/** The calls of client-node's class of that name that are made here. */
export type CustomObjects = {
  readonly listClusterCustomObject: (
    request: Kind & ListOptions,
    headers?: CallHeaders,
  ) => Promise<unknown>;
  readonly listNamespacedCustomObject: (
    request: Kind & ListOptions & { readonly namespace: string },
    headers?: CallHeaders,
  ) => Promise<unknown>;
  readonly getNamespacedCustomObject: (request: Named, headers?: CallHeaders) => Promise<unknown>;
  readonly createClusterCustomObject: (
    request: Kind & Body,
    headers?: CallHeaders,
  ) => Promise<unknown>;
  readonly createNamespacedCustomObject: (
    request: Kind & Body & { readonly namespace: string },
    headers?: CallHeaders,
  ) => Promise<unknown>;
  readonly patchNamespacedCustomObject: (
    request: Named & Body,
    headers?: CallHeaders,
  ) => Promise<unknown>;
  readonly patchNamespacedCustomObjectStatus: (
    request: Named & Body,
    headers?: CallHeaders,
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
 * The calls of client-node's `CustomObjectsApi`, without the models of all Kubernetes kinds that a
 * class of the whole package brings along: they are half of a cold start. Throws `ApiException` for
 * an answer that is not 2xx, its body as text, and `AnswerTooLarge` for one of more than
 * `mostBytes`, decompressed.
 */
export function customObjects(send: SendCall, mostBytes: number): CustomObjects {
  const call = async (
    method: ApiRequest['method'],
    path: string,
    { query = {}, body, headers = {} }: Call,
  ): Promise<unknown> => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) search.set(name, String(value));
    const answer = await send({
      method,
      path: search.size === 0 ? path : `${path}?${search.toString()}`,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'user-agent': 'muster-serverless',
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await readText(answer, mostBytes);
    if (answer.status < 200 || answer.status > 299)
      throw new ApiException(answer.status, 'The API server refused.', text, { ...answer.headers });
    return JSON.parse(text);
  };
  const list = ({ limit, _continue, labelSelector }: ListOptions) => ({
    limit,
    continue: _continue,
    labelSelector,
  });
  return {
    listClusterCustomObject: (request, headers) =>
      call('GET', everywhere(request), { query: list(request), headers }),
    listNamespacedCustomObject: (request, headers) =>
      call('GET', collection(request), { query: list(request), headers }),
    getNamespacedCustomObject: (request, headers) => call('GET', one(request), { headers }),
    createClusterCustomObject: ({ body, ...request }, headers) =>
      call('POST', everywhere(request), { body, headers }),
    createNamespacedCustomObject: ({ body, fieldManager, ...request }, headers) =>
      call('POST', collection(request), { query: { fieldManager }, body, headers }),
    patchNamespacedCustomObject: ({ body, fieldManager, ...request }, headers) =>
      call('PATCH', one(request), { query: { fieldManager }, body, headers }),
    patchNamespacedCustomObjectStatus: ({ body, fieldManager, ...request }, headers) =>
      call('PATCH', `${one(request)}/status`, { query: { fieldManager }, body, headers }),
  };
}

/** The core group is older than groups: its name is empty, and it has an address of its own. */
const groupOf = ({ group, version }: Kind): readonly string[] =>
  group === '' ? ['api', version] : ['apis', group, version];

const everywhere = (kind: Kind): string => pathOf(...groupOf(kind), kind.plural);

const collection = (kind: Kind & { readonly namespace: string }): string =>
  pathOf(...groupOf(kind), 'namespaces', kind.namespace, kind.plural);

const one = (named: Named): string => `${collection(named)}${pathOf(named.name)}`;

const pathOf = (...segments: readonly string[]): string =>
  segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');

async function readText(answer: ApiAnswer, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early ends the answer.
  for await (const chunk of answer.body) {
    length += chunk.length;
    if (length > mostBytes) throw new AnswerTooLarge(mostBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

type Call = {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly headers: CallHeaders | undefined;
};

/** Sends a call with the credential and the time limit of all calls. */
export type SendCall = (request: Omit<ApiRequest, 'signal'>) => Promise<ApiAnswer>;
