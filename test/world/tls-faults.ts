/** Servers whose TLS or certificate is odd, one listener for each, on loopback. */
import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { createSecureServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { SecureVersion, TlsOptions } from 'node:tls';
import { listen } from '../../local/listen.ts';
import { certificate, forClients, keyPem, onlyBelow, type Party, rsa } from './odd-certificates.ts';

export type TlsFaults = {
  readonly urls: Readonly<Record<string, string>>;
  readonly caPem: string;
  readonly close: () => Promise<void>;
};

/** Every listener of the world. All names are `localhost`; the authority is `caPem`. */
export async function startTlsFaults(): Promise<TlsFaults> {
  const urls: Record<string, string> = {};
  const closing: (() => Promise<void>)[] = [];
  const root = await certificate({ isAuthority: true });
  const weakRoot = await certificate({ isAuthority: true, algorithm: rsa(2048, 'SHA-1') });
  const hosts = ['localhost'];

  const put = async (name: string, server: Parameters<typeof listen>[0], scheme: string) => {
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    const { port, close } = await listen(server);
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      return close();
    });
    urls[name] = `${scheme}://localhost:${port}/mcp`;
  };
  /** Serves what no careful server would: OpenSSL's security level is 0. */
  const optionsOf = (party: Party, chain: readonly Party[]): TlsOptions => ({
    key: keyPem(party),
    cert: [party, ...chain].map(({ pem }) => pem).join('\n'),
    ciphers: 'DEFAULT:@SECLEVEL=0',
    minVersion: 'TLSv1',
    // traefik/traefik#9157: a host with a dot at its end is none of its own.
    SNICallback: (name, done) => done(name === 'localhost' ? null : new Error('unknown name')),
  });
  const https = async (
    name: string,
    party: Party,
    { chain = [], ...over }: TlsOptions & { chain?: readonly Party[] } = {},
  ): Promise<void> =>
    put(
      name,
      createHttps({ ...optionsOf(party, chain), ...over }, (_request, response) =>
        response.writeHead(401).end(),
      ),
      'https',
    );
  const tcp = (name: string, says: (socket: Socket) => void, scheme = 'https'): Promise<void> =>
    put(
      name,
      createTcp((socket) => {
        says(socket.on('error', () => {}));
      }),
      scheme,
    );

  const valid = await certificate({ issuer: root, hosts });
  await https('valid', valid);
  await https('RSA of 1024 bits', await certificate({ issuer: root, hosts, algorithm: rsa(1024) }));
  await https(
    'signed with SHA-1',
    await certificate({ issuer: weakRoot, hosts, signedWith: 'SHA-1' }),
  );
  await https('self-signed', await certificate({ hosts }));
  await https('expired', await certificate({ issuer: root, hosts, validFrom: -3, validUntil: -1 }));
  await https('not yet valid', await certificate({ issuer: root, hosts, validFrom: 1 }));
  await https('for another host', await certificate({ issuer: root, hosts: ['elsewhere.test'] }));
  await https('without any name of a host', await certificate({ issuer: root }));
  await https('a name in the subject only', await certificate({ issuer: root, name: 'localhost' }));
  const stranger = await certificate({ isAuthority: true });
  await https('of an unknown authority', await certificate({ issuer: stranger, hosts }));
  await https(
    'of an unknown authority, which comes along',
    await certificate({ issuer: stranger, hosts }),
    { chain: [stranger] },
  );
  const middle = await certificate({ issuer: root, isAuthority: true });
  const below = await certificate({ issuer: middle, hosts });
  await https('with its intermediate', below, { chain: [middle] });
  await https('without its intermediate', below);
  const expiredMiddle = await certificate({
    issuer: root,
    isAuthority: true,
    validFrom: -3,
    validUntil: -1,
  });
  await https(
    'below an intermediate that has expired',
    await certificate({ issuer: expiredMiddle, hosts }),
    { chain: [expiredMiddle] },
  );
  const noAuthority = await certificate({ issuer: root, isAuthority: false });
  await https(
    'below a certificate that is no authority',
    await certificate({ issuer: noAuthority, hosts }),
    { chain: [noAuthority] },
  );
  const elsewhere = await certificate({
    issuer: root,
    isAuthority: true,
    extensions: [onlyBelow('elsewhere.test')],
  });
  await https(
    'below an authority for other names',
    await certificate({ issuer: elsewhere, hosts }),
    { chain: [elsewhere] },
  );
  await https(
    'for clients only',
    await certificate({ issuer: root, hosts, extensions: [forClients()] }),
  );

  const only = (version: SecureVersion) => ({ minVersion: version, maxVersion: version });
  for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const)
    await https(`${version} only`, valid, only(version));
  await https('no common cipher', valid, {
    ...only('TLSv1.2'),
    ciphers: 'PSK-AES128-CBC-SHA256:@SECLEVEL=0',
  });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    await https(`a client certificate, ${version}`, valid, {
      ...only(version),
      requestCert: true,
      rejectUnauthorized: true,
    });

  await put('plain HTTP', createTcp(plain), 'https');
  urls['TLS asked for plain HTTP'] = (urls['valid'] ?? '').replace('https:', 'http:');
  for (const alert of [10, 40, 42, 46, 49, 70, 80, 86, 112])
    await tcp(`alert ${alert}`, (socket) =>
      socket.once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, alert]))),
    );
  await tcp('reset in the handshake', (socket) =>
    socket.once('data', () => socket.resetAndDestroy()),
  );
  await tcp('closed in the handshake', (socket) => socket.once('data', () => socket.end()));
  await tcp('closed at once', (socket) => socket.end());
  await tcp('silent in the handshake', () => {});
  await tcp('half a record, then silence', (socket) =>
    socket.once('data', () => socket.write(Buffer.from([0x16, 3, 3, 0, 122, 2, 0]))),
  );
  await tcp('garbage in the handshake', (socket) =>
    socket.once('data', () => socket.end(Buffer.alloc(64, 0xff))),
  );
  await tcp('SSH', (socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n'));

  const http2: Server = createHttp2(
    { key: keyPem(valid), cert: valid.pem, allowHTTP1: false },
    (request, response) => {
      response.writeHead(request.method === 'GET' ? 401 : 400, { 'www-authenticate': 'Bearer' });
      response.end();
    },
  );
  await put('HTTP/2 only', http2, 'https');

  return {
    urls,
    caPem: `${root.pem}\n${weakRoot.pem}`,
    close: async () => {
      await Promise.all(closing.map((close) => close()));
    },
  };
}

const plain = (socket: Socket): void => {
  socket
    .on('error', () => {})
    .once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
};
