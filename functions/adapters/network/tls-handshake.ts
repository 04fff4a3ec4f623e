import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';

/** What is spoken over the connection: HTTP/1.1, or HTTP/2 with a server that speaks only that. */
export type Protocol = 'http/1.1' | 'h2';

/**
 * Encrypts a connection that stands. The name that the server is asked for, and that its
 * certificate is checked against, has no dot at its end (RFC 6066, section 3). Throws
 * `ClientCertificateDemanded` or the error of the socket; an abort destroys it.
 */
export function encrypted(
  plain: Socket,
  host: string,
  { secureContext, protocol }: { secureContext: SecureContext; protocol: Protocol },
  signal: AbortSignal,
): Promise<TLSSocket> {
  const name = host.replace(/\.$/, '');
  const socket = connectTls({
    socket: plain,
    host: name,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    secureContext,
    ALPNProtocols: [protocol],
  });
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
    // It stays: TLS 1.3 says that a certificate is missing after the handshake.
    socket.on('error', (error: Error & { code?: string }) => {
      signal.removeEventListener('abort', abort);
      const isAboutUs = refusesOurCertificate(error.code ?? '', socket);
      socket.destroy();
      reject(isAboutUs ? new ClientCertificateDemanded(error) : error);
    });
  });
}

/** The server wants a certificate of ours, and we have none. */
export class ClientCertificateDemanded extends Error {
  override readonly name = 'ClientCertificateDemanded';
  constructor(cause: Error) {
    super('the server demands a client certificate', { cause });
  }
}

/**
 * Alerts that speak of the certificate of the one who gets them (RFC 8446, section 6.2), and the one
 * that servers send instead of them. Versions of OpenSSL put different words before them.
 */
export const refusesUs = (code: string): boolean => aboutOurCertificate.test(code);

const aboutOurCertificate =
  /^ERR_SSL_.*_ALERT_(?:HANDSHAKE_FAILURE|(?:BAD|NO|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(?:REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED)$/;

/** Before the server has shown its own certificate, the same alerts are about something else. */
const refusesOurCertificate = (code: string, socket: TLSSocket): boolean =>
  refusesUs(code) &&
  (code.endsWith('_CERTIFICATE_REQUIRED') || 'raw' in socket.getPeerCertificate());
