import { createServer, request } from 'node:https';
import { expect, test } from 'vitest';
import { listen } from '../../local/listen.ts';
import { type Certificate, createAuthority, selfSigned } from '../../local/certificates.ts';

const hourMs = 3_600_000;
const authority = await createAuthority();

/**
 * What Node says about a server with this certificate when it is reached as `host`: `ok`, or the
 * code of the error.
 */
async function verdict({ certPem, keyPem }: Certificate, host: string): Promise<string> {
  const server = createServer({ cert: certPem, key: keyPem }, (_request, response) =>
    response.end('hello'),
  );
  const { port, close } = await listen(server);
  try {
    return await new Promise<string>((resolve) => {
      const call = request(
        {
          host: '127.0.0.1',
          port,
          servername: host,
          ca: authority.caPem,
          agent: false,
          headers: { host },
        },
        (response) => {
          response.resume();
          response.on('end', () => resolve('ok'));
        },
      );
      call.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
      call.end();
    });
  } finally {
    await close();
  }
}

test.each([
  [
    'a valid certificate is trusted',
    () => authority.issue({ hosts: ['localhost', '127.0.0.1'] }),
    'ok',
  ],
  [
    'an expired one is told',
    () => authority.issue({ hosts: ['localhost'], notAfter: new Date(Date.now() - hourMs / 2) }),
    'CERT_HAS_EXPIRED',
  ],
  [
    'one of tomorrow is told',
    () => authority.issue({ hosts: ['localhost'], notBefore: new Date(Date.now() + hourMs) }),
    'CERT_NOT_YET_VALID',
  ],
  [
    'one for another host is told',
    () => authority.issue({ hosts: ['elsewhere.example'] }),
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  [
    'a self-signed one is told',
    () => selfSigned({ hosts: ['localhost'] }),
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  [
    'one of another authority is told',
    async () => (await createAuthority()).issue({ hosts: ['localhost'] }),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
])('%s', async (_sentence, make, expected) => {
  expect(await verdict(await make(), 'localhost')).toBe(expected);
});
