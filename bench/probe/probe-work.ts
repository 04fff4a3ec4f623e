/** The work of the parts `probe` and `tls`, for all their processes. */
import { discoverRequest } from '../../functions/adapters/mcp/discover.ts';

export const concurrency = 256;

/** So many addresses of loopback, all different. */
export const addressesOf = (count: number): readonly string[] =>
  Array.from(
    { length: count },
    (_, index) => `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`,
  );

export const path = '/mcp';

/** What the prober sends. */
export const headers = {
  'user-agent': 'muster-prober (reachability check without credentials)',
  'mcp-protocol-version': discoverRequest.headers['mcp-protocol-version'],
  accept: 'text/event-stream',
};

/** What every server answers at once. */
export const answer = [
  'HTTP/1.1 401 Unauthorized',
  'content-type: application/json',
  'www-authenticate: Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"',
  'date: Thu, 01 Jan 2026 00:00:00 GMT',
  'content-length: 0',
  '',
  '',
].join('\r\n');

/** Runs `ask` for each, so many at a time: the least that can do it. */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  ask: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const item of left) await ask(item);
    }),
  );
}
