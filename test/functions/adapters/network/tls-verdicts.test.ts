/** What one probe says of servers whose TLS or certificate is odd. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { classify, type Verdict } from '../../../../functions/reachability/classify.ts';
import { listen } from '../../../../local/listen.ts';
import { tlsRows as matrix } from '../../../world/cases/tls-rows.ts';
import { certificate, keyPem } from '../../../world/odd-certificates.ts';
import { aServer } from '../../../world/server.ts';
import { startTlsFaults, type TlsFaults } from '../../../world/tls-faults.ts';

let world: TlsFaults;
beforeAll(async () => {
  world = await startTlsFaults();
});
afterAll(() => world.close());

const deadlineMs = 1_500;

async function judged(url: string, caPem = world.caPem): Promise<{ verdict: Verdict; ms: number }> {
  const connector = {
    resolve: resolver(),
    guard: addressGuard({ allowLocal: true }),
    secureContext: trustStore(caPem),
  };
  const server = aServer({ url, type: 'sse', timeoutMs: deadlineMs });
  const started = performance.now();
  const verdict = classify(await prober(connector)(server, { classify: false }));
  return { verdict, ms: performance.now() - started };
}

const named = (verdict: Verdict): string =>
  'reason' in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind;

const answers = 'connected AuthenticationRequired';

describe('one probe of a server with TLS', () => {
  test.each(matrix.map(([what, verdict]) => [what, verdict] as const))(
    '%s: %s, and never over its deadline',
    async (name, expected) => {
      const { verdict, ms } = await judged(world.urls[name] ?? `no server is called ${name}`);
      expect(named(verdict)).toBe(expected);
      expect(ms).toBeLessThan(deadlineMs + 250);
    },
  );
  test('the matrix has every server of the world', () => {
    expect(matrix.map(([name]) => name).toSorted()).toEqual(Object.keys(world.urls).toSorted());
  });
  test('a certificate that is too weak says so', async () => {
    const { verdict } = await judged(world.urls['RSA of 1024 bits'] ?? '');
    expect(verdict.message).toMatch(/^The certificate cannot be trusted: .*key too (?:weak|small)/);
  });
});

// traefik/traefik#9157, curl/curl#8320; RFC 6066, section 3
test('a dot at the end of the host is in neither SNI nor the name that the certificate needs', async () => {
  const url = (world.urls['valid'] ?? '').replace('localhost', 'localhost.');
  expect(named((await judged(url)).verdict)).toBe(answers);
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl)
  console.warn('skipped: there is no openssl command that could demand certificates');

describe.skipIf(!hasOpenssl)('a server that demands a client certificate', () => {
  let folder: string;
  let caPem: string;
  const servers: ChildProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-'));
    const own = await certificate({ hosts: ['localhost'] });
    caPem = own.pem;
    await writeFile(join(folder, 'cert.pem'), own.pem);
    await writeFile(join(folder, 'key.pem'), keyPem(own));
  });
  afterAll(async () => {
    for (const server of servers) {
      server.kill();
      if (server.exitCode === null) await once(server, 'exit');
    }
    await rm(folder, { recursive: true });
  });
  const start = async (...options: string[]): Promise<string> => {
    const { port, close } = await listen(createServer());
    await close();
    const files = ['-cert', join(folder, 'cert.pem'), '-key', join(folder, 'key.pem')];
    const listening = ['s_server', '-accept', `127.0.0.1:${port}`, ...files, '-www', ...options];
    const server = spawn('openssl', listening, { stdio: ['ignore', 'pipe', 'ignore'] });
    servers.push(server);
    for await (const line of server.stdout) if (String(line).includes('ACCEPT')) break;
    return `https://localhost:${port}/mcp`;
  };
  test.each([['-tls1_2'], ['-tls1_3']])('by an alert, %s', async (version) => {
    const { verdict } = await judged(await start(version, '-Verify', '1'), caPem);
    expect(verdict).toEqual({
      kind: 'failed',
      reason: 'ClientCertificateRequired',
      message: 'The server requires a client certificate, and the prober has none.',
    });
  });
  test('one that only asks for it answers', async () => {
    const { verdict } = await judged(await start('-verify', '1'), caPem);
    expect(verdict.kind).toBe('connected');
  });
  test('no common cipher under TLS 1.2 is not taken for it', async () => {
    const url = await start('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256');
    expect(named((await judged(url, caPem)).verdict)).toBe('failed TLSProtocol');
  });
});
