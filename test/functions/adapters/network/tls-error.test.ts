/** What every error of TLS means: all that OpenSSL can say, each at each stage after TCP. */
import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../../../../functions/adapters/network/network-error.ts';
import { ClientCertificateDemanded } from '../../../../functions/adapters/network/tls-handshake.ts';
import type { Stage } from '../../../../functions/model/wire/check-wire.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import { handshakeErrors, verificationErrors } from '../../../world/tls-codes.ts';

const reasonOf = (code: string | undefined, stage: Stage, message = 'words of OpenSSL'): string => {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code });
  const verdict = classify(outcomeOf(error, stage, {}));
  return 'reason' in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind;
};

describe('a certificate that OpenSSL does not accept is a verdict about the server', () => {
  const own: Readonly<Record<string, string>> = {
    CERT_HAS_EXPIRED: 'failed TLSExpired',
    CERT_NOT_YET_VALID: 'failed TLSNotYetValid',
    HOSTNAME_MISMATCH: 'failed TLSHostname',
  };
  test.each([...verificationErrors, 'UNSPECIFIED', 'SOMETHING_NEW'])('%s', (name) => {
    expect(reasonOf(name, 'tls')).toBe(own[name] ?? 'failed TLSUntrusted');
  });
  test('also one that has no code', () => {
    expect(reasonOf(undefined, 'tls')).toBe('failed TLSUntrusted');
  });
  // friday-platform/friday-studio#306, prometheus/blackbox_exporter#1437
  test('one whose code has no name is told in the words of OpenSSL', () => {
    const error = Object.assign(new Error('EE certificate key too weak'), { code: 'UNSPECIFIED' });
    expect(classify(outcomeOf(error, 'tls', {})).message).toBe(
      'The certificate cannot be trusted: EE certificate key too weak.',
    );
  });
  test('one with a name is told by it', () => {
    expect(
      classify(outcomeOf(Object.assign(new Error('x'), { code: 'CERT_REVOKED' }), 'tls', {}))
        .message,
    ).toBe('The certificate is not signed by a trusted authority (CERT_REVOKED).');
  });
});

describe('a handshake that fails for any reason is a verdict about the server', () => {
  test.each(handshakeErrors)('%s', (name) => {
    expect(reasonOf(`ERR_SSL_${name}`, 'tls')).toBe('failed TLSProtocol');
    expect(reasonOf(`ERR_SSL_${name}`, 'headers')).toMatch(
      /^failed (?:TLSProtocol|ClientCertificateRequired)$/,
    );
  });
  test.each(['EPROTO', 'ERR_TLS_HANDSHAKE_TIMEOUT', 'ERR_OSSL_EVP_UNSUPPORTED'])('%s', (code) => {
    expect(reasonOf(code, 'tls')).toBe('failed TLSProtocol');
  });
});

describe('an alert about a certificate of ours', () => {
  test.each([
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  ])('after the handshake, %s: the server demands one', (code) => {
    expect(reasonOf(code, 'headers')).toBe('failed ClientCertificateRequired');
  });
  test('in the handshake, after the certificate of the server', () => {
    const demand = new ClientCertificateDemanded(new Error('alert'));
    expect(classify(outcomeOf(demand, 'tls', {}))).toMatchObject({
      kind: 'failed',
      reason: 'ClientCertificateRequired',
    });
  });
});

describe('only the closed list is an error of the prober', () => {
  test.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])('%s', (code) => {
    for (const stage of ['tcp', 'tls', 'headers'] as const)
      expect(reasonOf(code, stage)).toBe('undecided');
  });
  test.each([
    ['tcp', 'failing HostUnreachable'],
    ['tls', 'failed TLSUntrusted'],
    ['headers', 'failed NotHTTP'],
  ] as const)('a code that nobody knows at stage %s is about the server: %s', (stage, reason) => {
    expect(reasonOf('E_NEVER_SEEN', stage)).toBe(reason);
  });
  test('a mistake in our own code is thrown', () => {
    expect(() => outcomeOf(new TypeError('x is undefined'), 'headers', {})).toThrow('undefined');
  });
});
