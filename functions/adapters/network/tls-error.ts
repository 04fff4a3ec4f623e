import type { Cause } from '../../reachability/outcome.ts';
import type { Stage } from '../../model/wire/check-wire.ts';
import { ClientCertificateDemanded, refusesUs } from './tls-handshake.ts';

/**
 * What an error of TLS means, or undefined when it is none that has a cause of its own. Node names
 * some verification errors of OpenSSL (`CERT_REJECTED`; all others are `UNSPECIFIED`) and makes
 * codes of every other reason: `ERR_SSL_` and its words.
 */
export function tlsCauseOf(error: Error, code: string, stage: Stage): Cause | undefined {
  // An alert that comes after the handshake comes after the certificate of the server.
  const isDemand = stage !== 'tls' && refusesUs(code);
  if (error instanceof ClientCertificateDemanded || isDemand) return 'clientCertificateRequired';
  return certificateCauses[code] ?? (ofTls.test(code) ? 'tlsProtocol' : undefined);
}

const ofTls = /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;

const certificateCauses: Readonly<Record<string, Cause>> = {
  CERT_HAS_EXPIRED: 'tlsExpired',
  CERT_NOT_YET_VALID: 'tlsNotYetValid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tlsHostname',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'tlsHostname',
  HOSTNAME_MISMATCH: 'tlsHostname',
};
