import type { Connector } from './connect.ts';
import type { Exchange } from './http-exchange.ts';

/** The part of `fetch` that OAuth and OpenID Connect clients need. */
export type GuardedFetch = (
  url: string,
  init?: {
    method?: string;
    headers?: Headers | Record<string, string>;
    body?: string | URLSearchParams | null;
    signal?: AbortSignal;
  },
) => Promise<Response>;

export type FetchLimits = { readonly timeoutMs?: number; readonly maxBytes?: number };

/**
 * `fetch` for addresses that others wrote: guarded, without following redirects, limited in time
 * and size. Throws a TypeError when the answer is larger than `maxBytes` or takes longer than
 * `timeoutMs`, and what `exchange` throws.
 */
export const fetchBy =
  (
    exchange: Exchange,
    connector: Connector,
    { timeoutMs = 10_000, maxBytes = 1024 * 1024 }: FetchLimits = {},
  ): GuardedFetch =>
  async (address, init = {}) => {
    const url = new URL(address);
    const method = init.method === 'POST' || init.method === 'DELETE' ? init.method : 'GET';
    const body = init.body ? { body: init.body.toString() } : {};
    const request = {
      url,
      method,
      headers: Object.fromEntries(new Headers(init.headers)),
      ...body,
      read: { bytes: maxBytes, ms: timeoutMs },
    } as const;
    const timeout = AbortSignal.timeout(timeoutMs);
    const answer = await exchange(
      request,
      connector,
      init.signal ? AbortSignal.any([timeout, init.signal]) : timeout,
    );
    if (!answer.isWhole)
      throw new TypeError(
        `${url.host} answered with more than ${maxBytes} bytes, or did not finish within ${timeoutMs} ms`,
      );
    const hasBody = answer.status !== 204 && answer.status !== 304;
    return new Response(hasBody ? new Uint8Array(answer.body) : null, {
      status: answer.status,
      headers: answer.headers,
    });
  };
