import { type Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';

/** Made for the first request. */
let shared: Agent | undefined;

/**
 * How to reach an address. The reads of a command share a TLS connection; an idle one keeps no
 * command alive. What changes something has a connection of its own: on a shared one that the server
 * has just closed, nobody knows whether it was done. Without TLS a new connection costs less than
 * keeping one.
 */
export function connectionTo(
  { protocol }: URL,
  method: string,
): { readonly send: typeof requestHttp; readonly agent: HttpAgent | false } {
  if (protocol !== 'https:') return { send: requestHttp, agent: false };
  if (method !== 'GET') return { send: requestHttps, agent: false };
  shared ??= new Agent({ keepAlive: true, maxSockets: 8 });
  return { send: requestHttps, agent: shared };
}
