/** A redirect leads a probe nowhere but to the same host, and never with what is for another. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect } from 'vitest';
import { resolver } from '../../functions/adapters/network/dns.ts';
import { connect, trustStore } from '../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../functions/adapters/network/http.ts';
import { prober } from '../../functions/adapters/mcp/probe.ts';
import { tokenVerifier } from '../../functions/adapters/mcp/token-verifier.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { aServer } from '../world/server.ts';
import { attempt } from './attempt.ts';

let server: Listening;
let victim: Listening;
let location = '';
let status = 302;
const visits: string[] = [];
beforeAll(async () => {
  server = await listen(
    createServer((_request, response) => {
      response.writeHead(status, { location }).end();
    }),
  );
  victim = await listen(
    createServer(({ url = '' }, response) => {
      visits.push(url);
      response.end('{}');
    }),
    0,
    '127.0.0.2',
  );
});
afterAll(() => Promise.all([server.close(), victim.close()]));

const connector = {
  guard: addressGuard({ allow: ['127.0.0.0/8'] }),
  resolve: resolver(),
  secureContext: trustStore(),
};

const elsewhere = (): readonly string[] => {
  const { port } = victim;
  return [
    `http://127.0.0.2:${port}/`,
    `//127.0.0.2:${port}/`,
    `\\\\127.0.0.2:${port}/`,
    `http:\\\\127.0.0.2:${port}\\`,
    `http://127.0.0.1@127.0.0.2:${port}/`,
    `http://0x7f.2:${port}/`,
    `http://2130706434:${port}/`,
    `http://[::ffff:127.0.0.2]:${port}/`,
    `http://127.0.0.2.:${port}/`,
    `https://127.0.0.2:${port}/`,
    `ftp://127.0.0.2:${port}/`,
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://169.254.169.254/latest/meta-data/',
    'gopher://127.0.0.2/',
    'http://',
    '//',
    'http://[',
    '\u00ff\u00fe',
    '/'.repeat(4_000),
    '',
  ];
};
const codes = [300, 301, 302, 303, 304, 305, 307, 308];

for (const code of codes)
  attempt(
    `a probe, a verification and a request to an issuer stay where they are (${code})`,
    Array.from({ length: 22 }, (_, index) => index),
    async (index) => {
      status = code;
      location = elsewhere()[index] ?? '';
      const url = `${server.url}/mcp`;
      const headers = { 'x-api-key': 'a-secret' };
      const outcome = await prober(connector)(aServer({ url, headers, timeoutMs: 2_000 }), {
        classify: true,
      });
      expect(['answered', 'refusedByPolicy']).toContain(outcome.kind);
      const verified = await tokenVerifier(connector)(aServer({ url, headers }), 'a-token');
      expect(['unclear', 'refused']).toContain(verified.kind);
      expect((await guardedFetch(connector)(url)).status).toBe(code);
      expect(visits).toEqual([]);
    },
  );

type Answers = readonly (readonly string[])[];
const rebinding: Answers = [
  [['127.0.0.1'], ['93.184.215.14']],
  [['10.0.0.1', '127.0.0.1'], ['93.184.215.14']],
  [['::1', '127.0.0.1']],
  [['169.254.169.254', '::ffff:169.254.169.254']],
  [['::ffff:127.0.0.1', '64:ff9b::7f00:1']],
  [['fd00:ec2::254', 'fe80::1']],
  [['0.0.0.0', '::']],
].map(([first = []]) => first);

attempt(
  'a name that leads inside is refused however its answers change',
  rebinding,
  async (first) => {
    let looks = 0;
    const changing = {
      ...connector,
      guard: addressGuard(),
      resolve: async () => {
        looks += 1;
        return { kind: 'addresses' as const, addresses: looks === 1 ? first : ['93.184.215.14'] };
      },
    };
    const target = { hostname: 'rebind.test', port: victim.port, secure: false };
    await expect(connect(target, changing, AbortSignal.timeout(2_000))).rejects.toThrow('policy');
    // Looked up once: the second answer is never asked for.
    expect([looks, visits.length]).toEqual([1, 0]);
  },
);
