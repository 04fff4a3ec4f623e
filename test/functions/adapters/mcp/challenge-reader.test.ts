import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { challengeReader } from '../../../../functions/adapters/mcp/challenge-reader.ts';
import { listen } from '../../../../local/listen.ts';
import { aServer } from '../../../world/server.ts';

const fetch = guardedFetch({
  guard: addressGuard({ allowLocal: true }),
  resolve: resolver(),
  secureContext: trustStore(),
});

const closers: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(closers.map((close) => close()))));

/** Reads the challenge of a server that answers like this; `headers` are what it was sent. */
async function read(status: number, challenge?: string, specHeaders = {}) {
  const headers: IncomingHttpHeaders[] = [];
  const { url, close } = await listen(
    createServer((request, response) => {
      headers.push(request.headers);
      response
        .writeHead(status, challenge === undefined ? {} : { 'www-authenticate': challenge })
        .end();
    }),
  );
  closers.push(close);
  const server = aServer({ url, headers: specHeaders });
  const signal = AbortSignal.timeout(5_000);
  return { challenge: await challengeReader(fetch)(server, new URL(url), signal), headers };
}

const bearer = 'Bearer resource_metadata="https://mcp.example.com/meta", scope="mcp"';
const parts = { resourceMetadata: 'https://mcp.example.com/meta', scope: 'mcp' };

test.each([
  ['a 401 with a Bearer challenge', 401, bearer, ['bearer'], parts],
  ['a 403 with a Bearer challenge', 403, bearer, ['bearer'], parts],
  [
    'a Bearer challenge behind another one',
    401,
    `Basic realm="a, b", ${bearer}`,
    ['basic', 'bearer'],
    parts,
  ],
  ['a 401 with another challenge only', 401, 'Basic realm="a"', ['basic'], {}],
  ['a 401 without a challenge', 401, undefined, [], {}],
  ['any other answer', 400, bearer, [], {}],
])('%s', async (_what, status, challenge, schemes, expected) => {
  expect((await read(status, challenge)).challenge).toEqual({ status, schemes, ...expected });
});

test('spec.headers go along, and never in place of our own', async () => {
  const { headers } = await read(401, bearer, { 'X-Tenant': 'a', 'MCP-Method': 'tools/call' });
  expect(headers).toEqual([
    expect.objectContaining({ 'x-tenant': 'a', 'mcp-method': 'server/discover' }),
  ]);
});
