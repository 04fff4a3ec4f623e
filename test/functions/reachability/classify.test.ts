import { describe, expect, test } from 'vitest';
import { classify } from '../../../functions/reachability/classify.ts';
import type { Cause, ProbeOutcome } from '../../../functions/reachability/outcome.ts';

const answered = (
  status: number,
  facts: Partial<Extract<ProbeOutcome, { kind: 'answered' }>> = {},
): ProbeOutcome => ({
  kind: 'answered',
  status,
  bearerChallenge: false,
  timings: {},
  ...facts,
});

describe('an answer is Connected, whatever it says', () => {
  test.each([
    [200, 'Responded'],
    [202, 'Responded'],
    [304, 'Responded'],
    [400, 'Responded'],
    [403, 'Responded'],
    [404, 'EndpointNotFound'],
    [405, 'Responded'],
    [406, 'Responded'],
    [409, 'Responded'],
    [410, 'EndpointGone'],
    [418, 'Responded'],
    [429, 'RateLimited'],
    [500, 'ServerError'],
    [501, 'ServerError'],
    [505, 'ServerError'],
    [508, 'ServerError'],
    [520, 'ServerError'],
    [524, 'ServerError'],
    [999, 'ServerError'],
  ])('HTTP %i: %s', (status, reason) => {
    expect(classify(answered(status))).toMatchObject({ kind: 'connected', reason });
  });

  test('headers that are too large to read are an answer', () => {
    expect(classify({ kind: 'headersTooLarge', timings: {} })).toMatchObject({
      kind: 'connected',
      reason: 'Responded',
    });
  });
  test.each(['otherHost', 'downgrade', 'tooMany', 'unusable'] as const)(
    'a redirect that is not followed (%s) is an answer',
    (redirect) => {
      expect(classify(answered(302, { redirect }))).toMatchObject({
        kind: 'connected',
        reason: 'Redirected',
      });
    },
  );
});

describe('a 401 is Connected, not Connecting', () => {
  test('and says that a sign-in is asked for', () => {
    expect(classify(answered(401))).toMatchObject({
      kind: 'connected',
      reason: 'AuthenticationRequired',
      authRequired: 'True',
    });
  });
  test('so is a 403 with a Bearer challenge', () => {
    expect(classify(answered(403, { bearerChallenge: true }))).toMatchObject({
      kind: 'connected',
      authRequired: 'True',
    });
  });
  test('so is a server that only refuses POST', () => {
    const outcome = answered(404, { classification: 'asksForSignIn' });
    expect(classify(outcome)).toMatchObject({
      kind: 'connected',
      reason: 'AuthenticationRequired',
      authRequired: 'True',
    });
  });
});

describe('only the classification probe says that no sign-in is asked for', () => {
  test('a plain 200 says nothing of it', () =>
    expect(classify(answered(200))).not.toHaveProperty('authRequired'));
  test('an MCP answer without credentials does', () =>
    expect(classify(answered(405, { classification: 'asksForNothing' }))).toMatchObject({
      authRequired: 'False',
    }));
  test('anything else leaves it unknown', () =>
    expect(classify(answered(200, { classification: 'unclear' }))).toMatchObject({
      authRequired: 'Unknown',
    }));
  test('a path that answers POST is there', () =>
    expect(classify(answered(404, { classification: 'asksForNothing' }))).toMatchObject({
      reason: 'Responded',
    }));
});

describe('a front door that says the server behind it is away', () => {
  test.each([502, 503, 504, 521, 522, 523, 525, 526, 530])('HTTP %i may pass', (status) => {
    expect(classify(answered(status))).toMatchObject({
      kind: 'failing',
      reason: 'UpstreamUnavailable',
    });
  });
  test('its Retry-After is kept', () =>
    expect(classify(answered(503, { retryAfterMs: 7000 }))).toMatchObject({ retryAfterMs: 7000 }));
});

describe('our own trouble says nothing of the server', () => {
  test.each([407, 511])('HTTP %i', (status) =>
    expect(classify(answered(status))).toMatchObject({ kind: 'undecided' }),
  );
  test('EMFILE', () =>
    expect(classify({ kind: 'proberTrouble', detail: 'EMFILE', timings: {} })).toMatchObject({
      kind: 'undecided',
    }));
});

describe('no answer', () => {
  const causes: readonly (readonly [Cause, string, string])[] = [
    ['nameNotFound', 'failed', 'DNSFailure'],
    ['resolverFailed', 'failed', 'DNSFailure'],
    ['tlsExpired', 'failed', 'TLSExpired'],
    ['tlsNotYetValid', 'failed', 'TLSNotYetValid'],
    ['tlsUntrusted', 'failed', 'TLSUntrusted'],
    ['tlsHostname', 'failed', 'TLSHostname'],
    ['tlsProtocol', 'failed', 'TLSProtocol'],
    ['clientCertificateRequired', 'failed', 'ClientCertificateRequired'],
    ['notHttp', 'failed', 'NotHTTP'],
    ['refused', 'failing', 'ConnectionRefused'],
    ['reset', 'failing', 'ConnectionReset'],
    ['unreachable', 'failing', 'HostUnreachable'],
    ['timeout', 'failing', 'Timeout'],
  ];
  test.each(causes)('%s: %s with reason %s', (cause, kind, reason) => {
    expect(
      classify({ kind: 'unreachable', stage: 'tcp', cause, detail: '', timings: {} }),
    ).toMatchObject({ kind, reason });
  });
  test('an address refused by policy fails at once', () =>
    expect(classify({ kind: 'refusedByPolicy', message: 'r', timings: {} })).toMatchObject({
      kind: 'failed',
      reason: 'BlockedByPolicy',
    }));
  test('a URL that cannot be used fails at once', () =>
    expect(classify({ kind: 'unusable', message: 'p', timings: {} })).toMatchObject({
      kind: 'failed',
      reason: 'InvalidSpec',
    }));
});

test('a message is one line of at most 1,024 characters, whatever its detail says', () => {
  const detail = `spec.headers has an invalid header name:\n"\u202e\u0000${'x'.repeat(40_000)}"`;
  const outcomes: readonly ProbeOutcome[] = [
    { kind: 'unusable', message: detail, timings: {} },
    { kind: 'refusedByPolicy', message: detail, timings: {} },
    { kind: 'proberTrouble', detail, timings: {} },
    { kind: 'unreachable', stage: 'tls', cause: 'tlsExpired', detail, timings: {} },
  ];
  for (const outcome of outcomes) {
    const { message } = classify(outcome);
    expect(message.length).toBeLessThanOrEqual(1024);
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
});
