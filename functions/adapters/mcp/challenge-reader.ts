import type { McpServer } from '../../model/mcpserver.ts';
import { type BearerChallenge, bearerChallengeIn } from '../network/challenges.ts';
import { type GuardedFetch, lowerCased } from '../network/http.ts';
import { discoverRequest } from './discover.ts';

/**
 * Gives the function that reads the Bearer challenge that a server answers to a request without a
 * token. It returns an empty challenge when there is none, and throws what `fetch` throws.
 */
export const challengeReader =
  (fetch: GuardedFetch) =>
  async ({ headers }: McpServer, url: URL, signal: AbortSignal): Promise<BearerChallenge> => {
    const response = await fetch(url.href, {
      ...discoverRequest,
      // As in the reachability probe: spec.headers are part of how the server is reached, and ours
      // win over them.
      headers: { ...lowerCased(headers), ...discoverRequest.headers },
      signal,
    });
    return response.status === 401 || response.status === 403 ? bearerChallengeIn(response) : {};
  };
