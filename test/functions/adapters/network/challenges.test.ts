import { createServer, type OutgoingHttpHeaders } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { bearerChallengeIn, schemesIn } from '../../../../functions/adapters/network/challenges.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { exchange, guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { listen } from '../../../../local/listen.ts';

const connector = {
  guard: addressGuard({ allowLocal: true }),
  resolve: resolver(),
  secureContext: trustStore(),
};
const closers: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(closers.map((close) => close()))));

const challenging = (...challenges: readonly string[]): Promise<string> =>
  answering({ 'www-authenticate': [...challenges] });

async function answering(headers: OutgoingHttpHeaders): Promise<string> {
  const { url, close } = await listen(
    createServer((_request, response) => response.writeHead(401, headers).end()),
  );
  closers.push(close);
  return url;
}

const parts = 'error="invalid_token", scope="mcp"';
/** As much as a head may hold: 60 KB of what takes the parser longest. */
const floods: [string, readonly string[]][] = [
  ['parameters', [`Bearer ${parts}, ${'a=b,'.repeat(15_000)}`]],
  ['short parameters', [`Bearer ${parts}, ${'a=b '.repeat(15_000)}`]],
  ['quoted parameters', [`Bearer ${parts}, ${'a="\\"", '.repeat(7_500)}`]],
  ['blanks', [`Bearer ${parts}${' '.repeat(60_000)}x`]],
  ['commas', [`Bearer ${parts}${','.repeat(60_000)}x`]],
  ['schemes', [`Bearer ${parts}, ${'A, '.repeat(20_000)}`]],
  ['one long quote', [`Bearer ${parts}, a="${'x'.repeat(60_000)}`]],
  ['many headers', Array.from({ length: 100 }, () => `Bearer ${'a=b,'.repeat(140)}`)],
];

test.each(floods)(
  '60 KB of %s in a challenge are read within 100 ms',
  async (_what, challenges) => {
    const response = await guardedFetch(connector)(await challenging(...challenges));
    const started = performance.now();
    await bearerChallengeIn(response);
    expect(performance.now() - started).toBeLessThan(100);
  },
);

test('a challenge has at most 8 KiB wherever it is read', async () => {
  const url = await challenging(`Bearer a="${'x'.repeat(60_000)}"`);
  const [, challenges] = floods.at(-1) ?? [];
  for (const one of [url, await challenging(...(challenges ?? []))]) {
    const fetched = await guardedFetch(connector)(one);
    expect(fetched.headers.get('www-authenticate')?.length).toBeLessThanOrEqual(8_192);
    const probed = await exchange(
      { url: new URL(one), method: 'GET', headers: {} },
      connector,
      AbortSignal.timeout(5_000),
    );
    expect(probed.headers['www-authenticate']?.length).toBeLessThanOrEqual(8_192);
  }
});

test('a challenge that AWS has renamed is read, unless there is one under its own name', async () => {
  const renamed = 'Bearer resource_metadata="https://mcp.example.com/renamed"';
  const own = 'Bearer resource_metadata="https://mcp.example.com/own"';
  const read = async (headers: OutgoingHttpHeaders) =>
    (await bearerChallengeIn(await guardedFetch(connector)(await answering(headers))))
      .resourceMetadata;
  expect(await read({ 'x-amzn-Remapped-www-authenticate': renamed })).toBe(
    'https://mcp.example.com/renamed',
  );
  expect(await read({ 'x-amzn-Remapped-www-authenticate': renamed, 'www-authenticate': own })).toBe(
    'https://mcp.example.com/own',
  );
});

test('a challenge of 8 KiB is read whole', async () => {
  const long = `Bearer ${parts}, resource_metadata="https://mcp.example.com/${'x'.repeat(8_000)}"`;
  const response = await guardedFetch(connector)(await challenging(long));
  expect((await bearerChallengeIn(response)).resourceMetadata).toHaveLength(8_024);
});

const resourceMetadata = 'https://mcp.example.com/meta';
const headers: [what: string, header: string, read: object][] = [
  // RFC 9110, section 11.6.1
  ['Basic that speaks of Bearer', 'Basic realm="x, Bearer tokens are not for you"', {}],
  ['a scheme that begins like Bearer', 'Bearertoken realm="x"', {}],
  ['another case', `bEARER Resource_Metadata="${resourceMetadata}"`, { resourceMetadata }],
  [
    'an address without quotes',
    `Bearer resource_metadata=${resourceMetadata}`,
    { resourceMetadata },
  ],
  [
    'an address without quotes, and more',
    `Bearer error="invalid_token", resource_metadata=${resourceMetadata}, scope=mcp`,
    { resourceMetadata, error: 'invalid_token', scope: 'mcp' },
  ],
  [
    'a quote that stays open',
    `Bearer resource_metadata="${resourceMetadata}`,
    { resourceMetadata },
  ],
  ['no commas', `Bearer realm="x" resource_metadata="${resourceMetadata}"`, { resourceMetadata }],
  [
    'a token68 before it',
    `Negotiate YWJj==, Bearer resource_metadata="${resourceMetadata}"`,
    { resourceMetadata },
  ],
  [
    'two Bearer challenges',
    `Bearer realm="x", Bearer resource_metadata="${resourceMetadata}"`,
    { resourceMetadata },
  ],
  ['Bearer alone', 'Bearer', {}],
  ['no challenge at all', '???', {}],
];

test.each(headers)('%s is read as what it means', async (_what, header, read) => {
  const init = { status: 401, headers: { 'www-authenticate': header } };
  expect(await bearerChallengeIn(new Response(null, init))).toEqual(read);
});

test('the schemes of all challenges are known', async () => {
  const init = {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="a, b", DPoP algs="ES256", BEARER' },
  };
  expect(await schemesIn(new Response(null, init))).toEqual(['basic', 'dpop', 'bearer']);
});
