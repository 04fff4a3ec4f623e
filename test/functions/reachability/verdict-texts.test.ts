/** The whole verdict of each outcome: what people read, and what the next steps are made of. */
import { describe, expect, test } from 'vitest';
import { classify, type Verdict } from '../../../functions/reachability/classify.ts';
import type { Cause, ProbeOutcome } from '../../../functions/reachability/outcome.ts';

type Connected = Extract<Verdict, { kind: 'connected' }>;
type Answer = Partial<Extract<ProbeOutcome, { kind: 'answered' }>>;

const answered = (status: number, facts: Answer = {}): ProbeOutcome => ({
  kind: 'answered',
  status,
  bearerChallenge: false,
  timings: {},
  ...facts,
});
const unreachable = (cause: Cause, detail = 'ECODE'): ProbeOutcome => ({
  kind: 'unreachable',
  stage: 'tcp',
  cause,
  detail,
  timings: {},
});

describe('an answer', () => {
  const byPost = 'The server asks for a sign-in before it accepts requests.';
  test.each<[answer: ProbeOutcome, verdict: Omit<Connected, 'kind'>]>([
    [answered(200), { reason: 'Responded', message: 'The server answered HTTP 200.' }],
    [answered(499), { reason: 'Responded', message: 'The server answered HTTP 499.' }],
    [answered(500), { reason: 'ServerError', message: 'The server answered HTTP 500.' }],
    [
      answered(404),
      {
        reason: 'EndpointNotFound',
        message: 'The server reports that this path does not exist (HTTP 404).',
      },
    ],
    [
      answered(404, { classification: 'unclear', speaksMcp: 'True' }),
      {
        reason: 'Responded',
        message: 'The server answered HTTP 404.',
        authRequired: 'Unknown',
        speaksMcp: 'True',
      },
    ],
    [
      answered(404, { classification: 'unclear', speaksMcp: 'False' }),
      {
        reason: 'EndpointNotFound',
        message: 'The server reports that this path does not exist (HTTP 404).',
        authRequired: 'Unknown',
        speaksMcp: 'False',
      },
    ],
    [
      answered(410),
      {
        reason: 'EndpointGone',
        message: 'The server reports that this path was removed permanently (HTTP 410).',
      },
    ],
    [
      answered(429, { retryAfterMs: 90_000 }),
      {
        reason: 'RateLimited',
        message: 'The server limits the rate of requests (HTTP 429).',
        retryAfterMs: 90_000,
      },
    ],
    [
      answered(401),
      {
        reason: 'AuthenticationRequired',
        message: 'The server answered HTTP 401 and asks for a sign-in.',
        authRequired: 'True',
      },
    ],
    [
      answered(403, { bearerChallenge: true, withoutAuthorization: false }),
      {
        reason: 'AuthenticationRequired',
        message: 'The server answered HTTP 403 and asks for a sign-in.',
        authRequired: 'True',
      },
    ],
    [
      answered(401, { withoutAuthorization: true }),
      {
        reason: 'AuthenticationRequired',
        message:
          'The server answered HTTP 401 and asks for a sign-in. It may accept the Authorization of spec.headers, which the service proxy of the cluster takes off.',
        authRequired: 'Unknown',
      },
    ],
    [
      answered(401, { getEnd: 'silent' }),
      {
        reason: 'AuthenticationRequired',
        message: 'The server answered HTTP 401 and asks for a sign-in.',
        authRequired: 'True',
        discover: 'refused',
      },
    ],
    [
      answered(200, { classification: 'asksForSignIn' }),
      {
        reason: 'AuthenticationRequired',
        message: byPost,
        authRequired: 'True',
        discover: 'refused',
      },
    ],
    [
      answered(200, { classification: 'unanswered', speaksMcp: 'Unknown' }),
      {
        reason: 'Responded',
        message: 'The server answered HTTP 200.',
        authRequired: 'Unknown',
        discover: 'unanswered',
        speaksMcp: 'Unknown',
      },
    ],
    [
      answered(200, { classification: 'asksForNothing', getEnd: 'silent' }),
      {
        reason: 'Responded',
        message: 'The server answered HTTP 200. That was the POST. The GET got no answer.',
        authRequired: 'False',
      },
    ],
    [
      answered(200, { getEnd: 'closed' }),
      {
        reason: 'Responded',
        message:
          'The server answered HTTP 200. That was the POST. The connection of the GET was closed without an answer.',
      },
    ],
    [
      answered(200, { getEnd: 'gateway' }),
      {
        reason: 'Responded',
        message:
          'The server answered HTTP 200. That was the POST. A proxy or load balancer answered the GET.',
      },
    ],
    [
      answered(302, { redirect: 'otherHost' }),
      {
        reason: 'Redirected',
        message: 'The server redirects to another host. The probe does not follow that.',
      },
    ],
    [
      answered(302, { redirect: 'downgrade' }),
      {
        reason: 'Redirected',
        message: 'The server redirects from https to http. The probe does not follow that.',
      },
    ],
    [
      answered(302, { redirect: 'tooMany' }),
      { reason: 'Redirected', message: 'The server redirects more than three times.' },
    ],
    [
      answered(302, { redirect: 'unusable' }),
      { reason: 'Redirected', message: 'The server redirects to an address that cannot be used.' },
    ],
    [
      { kind: 'headersTooLarge', timings: {} },
      {
        reason: 'Responded',
        message: 'The server answered with headers that are too large to read.',
      },
    ],
  ])('%j', (answer, verdict) => {
    expect(classify(answer)).toEqual({ kind: 'connected', ...verdict });
  });

  test('keeps the end of its certificate', () => {
    const certificateExpiresAt = new Date('2026-03-01T12:00:00Z');
    expect(classify({ ...answered(200), certificateExpiresAt })).toHaveProperty(
      'certificateExpiresAt',
      certificateExpiresAt,
    );
  });
});

describe('no answer', () => {
  test.each<[outcome: ProbeOutcome, kind: string, reason: string, message: string]>([
    [unreachable('nameNotFound'), 'failed', 'DNSFailure', 'The host name does not exist (ECODE).'],
    [
      unreachable('resolverFailed'),
      'failed',
      'DNSFailure',
      'The host name could not be resolved (ECODE).',
    ],
    [unreachable('tlsExpired'), 'failed', 'TLSExpired', 'The certificate has expired (ECODE).'],
    [
      unreachable('tlsNotYetValid'),
      'failed',
      'TLSNotYetValid',
      'The certificate is not valid yet (ECODE).',
    ],
    [
      unreachable('tlsUntrusted', 'UNABLE_TO_GET_ISSUER_CERT'),
      'failed',
      'TLSUntrusted',
      'The certificate is not signed by a trusted authority (UNABLE_TO_GET_ISSUER_CERT).',
    ],
    [
      unreachable('tlsUntrusted', 'the key is too SMALL'),
      'failed',
      'TLSUntrusted',
      'The certificate cannot be trusted: the key is too SMALL.',
    ],
    [
      unreachable('tlsUntrusted', 'EE key is too small'),
      'failed',
      'TLSUntrusted',
      'The certificate cannot be trusted: EE key is too small.',
    ],
    [
      unreachable('tlsHostname'),
      'failed',
      'TLSHostname',
      'The certificate is for another host (ECODE).',
    ],
    [unreachable('tlsProtocol'), 'failed', 'TLSProtocol', 'The TLS handshake failed (ECODE).'],
    [
      unreachable('clientCertificateRequired'),
      'failed',
      'ClientCertificateRequired',
      'The server requires a client certificate, and the prober has none.',
    ],
    [unreachable('notHttp'), 'failed', 'NotHTTP', 'The answer is not HTTP.'],
    [unreachable('refused'), 'failing', 'ConnectionRefused', 'Connection refused.'],
    [
      unreachable('reset'),
      'failing',
      'ConnectionReset',
      'The connection was closed without an answer.',
    ],
    [unreachable('unreachable'), 'failing', 'HostUnreachable', 'No route to the host (ECODE).'],
    [unreachable('timeout'), 'failing', 'Timeout', 'The server did not answer in time.'],
    [
      { kind: 'refusedByPolicy', message: 'a private address', timings: {} },
      'failed',
      'BlockedByPolicy',
      'Not contacted: a private address.',
    ],
    [
      { kind: 'unusable', message: 'the URL is not valid', timings: {} },
      'failed',
      'InvalidSpec',
      'Not contacted: the URL is not valid.',
    ],
    [
      answered(502),
      'failing',
      'UpstreamUnavailable',
      'The proxy or load balancer in front of the server answered HTTP 502.',
    ],
  ])('%j', (outcome, kind, reason, message) => {
    expect(classify(outcome)).toEqual({ kind, reason, message });
  });

  test('of our own side has the cause as it is', () => {
    expect(classify({ kind: 'proberTrouble', detail: 'EMFILE', timings: {} })).toEqual({
      kind: 'undecided',
      message: 'EMFILE',
    });
    expect(classify(answered(407))).toEqual({
      kind: 'undecided',
      message: 'a proxy in the network of the prober answered HTTP 407',
    });
  });

  test('within a second is fast, and after more than a second in all its stages slow', () => {
    const after = (timings: ProbeOutcome['timings']) =>
      classify({ ...unreachable('refused'), timings });
    expect(after({ dns: 400, tcp: 600 })).not.toHaveProperty('isSlow');
    expect(after({ dns: 400, tcp: 601 })).toEqual({
      kind: 'failing',
      reason: 'ConnectionRefused',
      message: 'Connection refused.',
      isSlow: true,
    });
    expect(classify({ ...unreachable('tlsExpired'), timings: { tls: 5000 } })).toHaveProperty(
      'isSlow',
      true,
    );
  });
});

describe('a redirect that was followed', () => {
  const hop = { from: 'https://a.example/mcp', to: 'https://b.example/mcp' };
  test.each<[Cause, string]>([
    ['refused', 'refused the connection.'],
    ['reset', 'closed the connection without an answer.'],
    ['unreachable', 'cannot be reached: there is no route to the host.'],
    ['timeout', 'did not answer in time.'],
    ['tlsExpired', 'failed: the certificate has expired (ECODE).'],
  ])('names both addresses when the second one fails: %s', (cause, what) => {
    expect(classify({ ...unreachable(cause), hop }).message).toBe(
      `https://a.example/mcp redirects to https://b.example/mcp, which ${what}`,
    );
  });
  test('names them also when a proxy stands in front of the second one', () => {
    expect(classify({ ...answered(503), hop }).message).toBe(
      'https://a.example/mcp redirects to https://b.example/mcp, which failed: the proxy or load balancer in front of the server answered HTTP 503.',
    );
  });
  test('names them also when the second one is slow', () => {
    const slow = { ...unreachable('refused'), timings: { tcp: 2000 }, hop };
    expect(classify(slow)).toMatchObject({
      isSlow: true,
      message:
        'https://a.example/mcp redirects to https://b.example/mcp, which refused the connection.',
    });
  });
  test('is not named when there is an answer, or trouble of our own', () => {
    expect(classify({ ...answered(200), hop }).message).toBe('The server answered HTTP 200.');
    expect(classify({ kind: 'proberTrouble', detail: 'EMFILE', timings: {}, hop }).message).toBe(
      'EMFILE',
    );
  });
});
