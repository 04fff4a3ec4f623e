import type { McpServer } from '../../model/mcpserver.ts';
import { type BearerChallenge, bearerChallengeIn } from '../network/challenges.ts';
import type { GuardedFetch } from '../network/http.ts';
import { discoverRequest } from './discover.ts';
import { outgoingHeaders } from './outgoing-headers.ts';

/**
 * Gives the function that reads the Bearer challenge that a server answers to a request without a
 * token. It returns an empty challenge when there is none, and throws what `fetch` throws, and a
 * TypeError for `spec.headers` that may not be sent.
 */
export const challengeReader =
  (fetch: GuardedFetch) =>
  async ({ headers }: McpServer, url: URL, signal: AbortSignal): Promise<BearerChallenge> => {
    // As in the reachability probe: spec.headers are part of how the server is reached.
    const outgoing = outgoingHeaders(headers, 'person');
    if (outgoing.kind === 'unusable') throw new TypeError(outgoing.message);
    const response = await fetch(url.href, {
      ...discoverRequest,
      headers: { ...outgoing.with(discoverRequest.headers) },
      signal,
    });
    return response.status === 401 || response.status === 403 ? bearerChallengeIn(response) : {};
  };
