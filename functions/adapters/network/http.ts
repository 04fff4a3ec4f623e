import type { Socket } from 'node:net';
import type { Stage } from '../../model/wire/check-wire.ts';
import type { Connector } from './connect.ts';
import { ExchangeFailure } from './exchange-failure.ts';
import { RefusedByPolicy } from './guard.ts';
import { fetchBy, type FetchLimits, type GuardedFetch } from './guarded-fetch.ts';
import { headExchange } from './head-exchange.ts';
import type { ProbeRequest, ProbeResponse, Via } from './http-exchange.ts';
import { codeOf } from './socket-error.ts';
import type { Protocol } from './tls-handshake.ts';

/**
 * One HTTP exchange over its own guarded connection, which is closed when the promise settles. It
 * resolves with the response headers, or when as much of the body as `read` asks for has come. A
 * server that speaks only HTTP/2 is asked again, over that: it has not read the first request.
 * Redirects are answers. Throws what `connect` throws, `ExchangeFailure`, the error of the socket,
 * and the reason of an abort.
 */
export async function exchange(
  request: ProbeRequest,
  connector: Connector & { readonly via?: Via },
  signal: AbortSignal,
  enter: (stage: Stage, socket?: Socket) => void = () => {},
): Promise<ProbeResponse> {
  if (connector.via !== undefined) return connector.via(request, signal, enter);
  const refusal = connector.guard.refusesUrl(request.url);
  if (refusal !== undefined) throw new RefusedByPolicy(refusal);
  if (!/^https?:$/.test(request.url.protocol)) throw new ExchangeFailure('UNUSABLE_REQUEST');
  const byUndici = async (protocol: Protocol): Promise<ProbeResponse> => {
    const { undiciExchange } = await loadUndici();
    return undiciExchange(protocol, request, connector, signal, enter);
  };
  try {
    return request.read === undefined && request.body === undefined
      ? await headExchange(request, connector, signal, enter)
      : await byUndici('http/1.1');
  } catch (error) {
    if (!speaksOnlyHttp2(error)) throw error;
    return byUndici('h2');
  }
}

const speaksOnlyHttp2 = (error: unknown): boolean =>
  error instanceof ExchangeFailure
    ? error.code === 'ONLY_HTTP2'
    : codeOf(error).endsWith('_ALERT_NO_APPLICATION_PROTOCOL');

// Most probes need no more than a head, and undici is half of what a sweep would load.
const loadUndici = () => import('./undici-exchange.ts');

/** `fetchBy` with the exchange of the prober. */
export function guardedFetch(connector: Connector, limits?: FetchLimits): GuardedFetch {
  // Every answer is read, and no request should wait for this within its time.
  void loadUndici();
  return fetchBy(exchange, connector, limits);
}
