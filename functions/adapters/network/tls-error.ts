import type { Cause } from '../../reachability/outcome.ts';
import { ClientCertificateDemanded } from './tls-handshake.ts';

/**
 * What an error of TLS means, or undefined when it is none that has a cause of its own. Node names
 * some verification errors of OpenSSL (`CERT_REJECTED`; all others are `UNSPECIFIED`) and makes
 * codes of every other reason: `ERR_SSL_` and its words.
 */
export function tlsCauseOf(error: Error, code: string): Cause | undefined {
  if (error instanceof ClientCertificateDemanded || aboutOurCertificate.test(code))
    return 'clientCertificateRequired';
  return certificateCauses[code] ?? (ofTls.test(code) ? 'tlsProtocol' : undefined);
}

// Alerts that speak of the certificate of the one who gets them: RFC 8446, section 6.2. We have
// none. The words before the last ones differ between versions of OpenSSL.
const aboutOurCertificate =
  /^ERR_SSL_.*_(?:ALERT_(?:BAD_CERTIFICATE|NO_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED|CERTIFICATE_REQUIRED)|CERTIFICATE_REQUIRED)$/;

const ofTls = /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;

const certificateCauses: Readonly<Record<string, Cause>> = {
  CERT_HAS_EXPIRED: 'tlsExpired',
  CERT_NOT_YET_VALID: 'tlsNotYetValid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tlsHostname',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'tlsHostname',
  HOSTNAME_MISMATCH: 'tlsHostname',
};
