import type { McpServer } from '../../model/mcpserver.ts';
import { type BearerChallenge, bearerChallengeIn, schemesIn } from '../network/challenges.ts';
import type { GuardedFetch } from '../network/guarded-fetch.ts';
import { discoverRequest } from './discover.ts';
import { outgoingHeaders } from './outgoing-headers.ts';

/** What a server answered to a request without a token. */
type ServerChallenge = BearerChallenge & {
  readonly status: number;
  readonly schemes: readonly string[];
};

/**
 * Gives the function that reads the Bearer challenge that a server answers to a request without a
 * token. It returns only the status and the schemes when there is none, and throws what `fetch`
 * throws, and a TypeError for `spec.headers` that may not be sent.
 */
export const challengeReader =
  (fetch: GuardedFetch) =>
  async ({ headers }: McpServer, url: URL, signal: AbortSignal): Promise<ServerChallenge> => {
    // As in the reachability probe: spec.headers are part of how the server is reached.
    const outgoing = outgoingHeaders(headers, 'person');
    if (outgoing.kind === 'unusable') throw new TypeError(outgoing.message);
    const response = await fetch(url.href, {
      ...discoverRequest,
      headers: { ...outgoing.with(discoverRequest.headers) },
      signal,
    });
    const { status } = response;
    if (status !== 401 && status !== 403) return { status, schemes: [] };
    const schemes = await schemesIn(response);
    return { status, schemes, ...(await bearerChallengeIn(response)) };
  };
