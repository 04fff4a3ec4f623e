import type { Configuration } from '@kubernetes/client-node/dist/gen/configuration.js';
import { HttpMethod } from '@kubernetes/client-node/dist/gen/http/http.js';
import { fetch, type Response } from 'undici';
import { defined } from '../../model/defined.ts';

/** A request to the API server whose answer is not one of its objects. */
export type RawRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query, each segment encoded. It must have no dot segments. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
};

export type SendRaw = (request: RawRequest) => Promise<Response>;

/**
 * Sends requests with the credentials and on the connections of client-node. No redirect is
 * followed: it would take the credentials to a path that another party chose. Throws what `fetch`
 * throws.
 */
export const rawRequests =
  ({ baseServer, authMethods, middleware }: Configuration): SendRaw =>
  async ({ method, path, headers, body, signal }) => {
    // Without a path: client-node cuts a slash at the end.
    let context = baseServer.makeRequestContext('/', HttpMethod[method]);
    await authMethods.default?.applySecurityAuthentication(context);
    for (const one of middleware) context = await one.pre(context).toPromise();
    const { 'user-agent': _ours, ...credentials } = lowerCased(context.getHeaders());
    return fetch(`${context.getUrl()}${path}`, {
      method,
      headers: { ...headers, ...credentials },
      body: body ?? null,
      signal,
      redirect: 'manual',
      ...defined({ dispatcher: context.getDispatcher() }),
    });
  };

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
