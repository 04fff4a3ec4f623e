import { createServer } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { type Probe, prober } from '../../../../functions/adapters/mcp/probe.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import { nextStatus } from '../../../../functions/reachability/status.ts';
import { createAuthority } from '../../../../local/certificates.ts';
import { listen } from '../../../../local/listen.ts';
import { aServer } from '../../../world/server.ts';

const authority = await createAuthority();
const hour = 3_600_000;
const inDays = (days: number): Date => new Date(Date.now() + days * 24 * hour);
const lasting = await authority.issue({ hosts: ['localhost'], notAfter: inDays(90) });
const ending = await authority.issue({ hosts: ['localhost'], notAfter: inDays(3) });
const ended = await authority.issue({
  hosts: ['localhost'],
  notBefore: inDays(-2),
  notAfter: inDays(-1),
});

const https = createServer({ cert: lasting.certPem, key: lasting.keyPem }, (request, response) =>
  response.writeHead(request.url === '/post' && request.method === 'GET' ? 503 : 401).end(),
);
let port: number;
let close: () => Promise<void>;
let probe: Probe;
beforeAll(async () => {
  ({ port, close } = await listen(https));
  probe = prober({
    guard: addressGuard({ allowLocal: true }),
    resolve: resolver(),
    secureContext: trustStore(authority.caPem),
  });
});
afterAll(() => close());

const probed = async (path: string) =>
  probe(aServer({ url: `https://localhost:${port}${path}` }), { classify: false });
const secondsOf = (date: Date | undefined): number => Math.floor((date?.getTime() ?? 0) / 1000);

test.each(['/mcp', '/post'])(
  'an answer over https tells when its certificate expires (%s)',
  async (path) => {
    https.setSecureContext({ cert: ending.certPem, key: ending.keyPem });
    const outcome = await probed(path);
    const days = (secondsOf(outcome.certificateExpiresAt) - Date.now() / 1000) / 86_400;
    expect(outcome).toMatchObject({ kind: 'answered', status: 401 });
    expect(Math.round(days)).toBe(3);
    const status = nextStatus(aServer(), classify(outcome), new Date());
    expect(status.state).toBe('Connected');
    expect(status.conditions[0]?.message).toContain('The certificate expires on ');
  },
);

test('a certificate that expires between two sweeps is Failed in the second', async () => {
  https.setSecureContext({ cert: lasting.certPem, key: lasting.keyPem });
  const first = nextStatus(aServer(), classify(await probed('/mcp')), new Date());
  https.setSecureContext({ cert: ended.certPem, key: ended.keyPem });
  const second = nextStatus(aServer({ status: first }), classify(await probed('/mcp')), new Date());
  expect([first.state, second.state]).toEqual(['Connected', 'Failed']);
  expect(second.conditions[0]?.reason).toBe('TLSExpired');
});
