import { fetchBy, type GuardedFetch } from '../adapters/network/guarded-fetch.ts';
import { nodeExchange } from '../adapters/network/node-exchange.ts';
import type { NetworkSettings } from '../settings.ts';
import { createIssuerConnector } from './network-client.ts';

/**
 * How the keys of the issuer are fetched, in a module of its own: the first request with a token
 * loads it. undici is loaded only for an issuer that node does not understand.
 */
export const issuerFetch = (network: NetworkSettings): GuardedFetch =>
  fetchBy(
    nodeExchange(async () => (await import('../adapters/network/http.ts')).exchange),
    createIssuerConnector(network),
  );
