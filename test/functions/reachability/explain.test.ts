/** `muster check`: what one probe saw, in words, and what a sweep would make of it. */
import { describe, expect, test } from 'vitest';
import { explain, notProbed } from '../../../functions/reachability/explain.ts';
import type { Cause, ProbeOutcome } from '../../../functions/reachability/outcome.ts';
import { aCondition, aServer, aStatus } from '../../world/server.ts';

const now = new Date('2026-03-01T12:00:00Z');
const site = new URL('https://docs.example.com/');
const answered: ProbeOutcome = {
  kind: 'answered',
  status: 200,
  bearerChallenge: false,
  timings: {},
};
const failed = (
  cause: Cause,
  facts: Partial<Extract<ProbeOutcome, { kind: 'unreachable' }>> = {},
): ProbeOutcome => ({
  kind: 'unreachable',
  stage: 'tcp',
  cause,
  detail: 'ECODE',
  timings: {},
  ...facts,
});
const seen = (outcome: ProbeOutcome): string => explain(aServer(), outcome, now).observed;

describe('what was seen is said in words', () => {
  test.each<[Cause, string]>([
    ['nameNotFound', 'no such host name'],
    ['resolverFailed', 'no answer from the resolver'],
    ['refused', 'connection refused'],
    ['reset', 'connection closed without an answer'],
    ['unreachable', 'no route to the host'],
    ['timeout', 'no answer in time'],
    ['tlsExpired', 'an expired certificate'],
    ['tlsNotYetValid', 'a certificate that is not valid yet'],
    ['tlsUntrusted', 'a certificate of an untrusted authority'],
    ['tlsHostname', 'a certificate for another host'],
    ['tlsProtocol', 'a TLS handshake that failed'],
    ['clientCertificateRequired', 'a demand for a client certificate'],
    ['notHttp', 'an answer that is not HTTP'],
  ])('%s: %s', (cause, words) => {
    expect(seen(failed(cause))).toBe(`${words} (stage tcp)`);
  });
  test.each<[ProbeOutcome, string]>([
    [answered, 'HTTP 200'],
    [{ ...answered, redirect: 'otherHost' }, 'HTTP 200, a redirect that is not followed'],
    [
      { ...answered, getEnd: 'silent', classification: 'asksForSignIn' },
      'HTTP 200 to the POST, no answer to the GET, server/discover asks for a sign-in',
    ],
    [
      { ...answered, getEnd: 'closed', classification: 'asksForNothing' },
      'HTTP 200 to the POST, no answer to the GET, which was closed, server/discover answers without a sign-in',
    ],
    [
      { ...answered, getEnd: 'gateway', classification: 'unclear' },
      'HTTP 200 to the POST, a gateway error to the GET, server/discover does not say whether it requires a sign-in',
    ],
    [{ ...answered, classification: 'unanswered' }, 'HTTP 200, server/discover got no answer'],
    [{ kind: 'headersTooLarge', timings: {} }, 'HTTP headers too large to read'],
    [
      { kind: 'refusedByPolicy', message: 'm', timings: {} },
      'an address that may not be contacted',
    ],
    [{ kind: 'unusable', message: 'm', timings: {} }, 'a spec that cannot be used'],
    [{ kind: 'proberTrouble', detail: 'd', timings: {} }, 'a prober error'],
  ])('%j: %s', (outcome, words) => {
    expect(seen(outcome)).toBe(words);
  });
});

test('a server that answers: everything that the probe and the next status say', () => {
  const server = aServer({
    namespace: 'team-a',
    status: aStatus({
      lastConnected: new Date('2026-03-01T11:00:00Z'),
      consecutiveFailures: 2,
      conditions: [aCondition({ status: 'False', reason: 'Timeout' })],
    }),
  });
  const outcome: ProbeOutcome = {
    ...answered,
    classification: 'asksForNothing',
    speaksMcp: 'True',
    via: 'Through the API server.',
    timings: { dns: 1.26, tcp: 0.04 },
    hop: { from: 'https://a.example', to: 'https://b.example' },
    certificateExpiresAt: new Date('2026-03-06T00:00:00Z'),
  };
  expect(explain(server, outcome, now, site)).toEqual({
    namespace: 'team-a',
    name: 'server-a',
    observed: 'HTTP 200, server/discover answers without a sign-in',
    via: 'Through the API server.',
    stages: [
      { stage: 'dns', ms: 1.3 },
      { stage: 'tcp', ms: 0 },
    ],
    state: 'Connected',
    reason: 'Responded',
    message: 'The server answered HTTP 200. The certificate expires on 2026-03-06.',
    authRequired: 'False',
    speaksMcp: 'True',
    consecutiveFailures: 0,
    since: '2026-03-01T12:00:00.000Z',
    lastConnected: '2026-03-01T11:00:00.000Z',
    hop: { from: 'https://a.example', to: 'https://b.example' },
    certificateExpiresAt: '2026-03-06T00:00:00.000Z',
    warning: 'The certificate expires on 2026-03-06.',
    hint: expect.any(String),
    page: 'https://docs.example.com/reasons/responded/',
  });
});

test('a server that fails behind a redirect: the hint names both addresses', () => {
  const hop = { from: 'https://a.example', to: 'https://b.example' };
  for (const cause of ['refused', 'tlsExpired'] as const)
    expect(explain(aServer(), failed(cause, { hop }), now).hint).toBe(
      'Fix the redirect at https://a.example, or what runs at https://b.example.',
    );
});

test('trouble of our own decides nothing: no STATE and no time, and the text says so', () => {
  const server = aServer({ status: aStatus({ conditions: [aCondition()] }) });
  const check = explain(server, { kind: 'proberTrouble', detail: 'EMFILE', timings: {} }, now);
  expect(check).toMatchObject({
    reason: 'ProberOffline',
    message: 'Prober error, so nothing is known about the server: EMFILE.',
    authRequired: 'Unknown',
    speaksMcp: 'Unknown',
  });
  expect(check).not.toHaveProperty('state');
  expect(check).not.toHaveProperty('since');
});

test('what failed is the network or TLS where a connection does not come, else it is by the reason', () => {
  const part = (outcome: ProbeOutcome) => explain(aServer(), outcome, now).failedPart;
  expect(part(failed('timeout', { stage: 'tcp' }))).toBe('network');
  expect(part(failed('timeout', { stage: 'tls' }))).toBe('tls');
  expect(part(failed('timeout', { stage: 'headers' }))).toBe('server');
  expect(part(failed('refused', { stage: 'tcp' }))).toBe('server');
  expect(part(failed('nameNotFound', { stage: 'dns' }))).toBe('name');
  expect(part(answered)).toBeUndefined();
});

test('the hint is for a terminal: with the name of the server, without marks', () => {
  const hint = explain(aServer(), { ...answered, status: 401 }, now).hint ?? '';
  expect(hint).toContain('muster auth login --server default/server-a');
  expect(hint).not.toMatch(/`|\bNAME\b/);
});

test('a stdio server is not probed, and the next step names it', () => {
  const server = aServer({ type: 'stdio', status: aStatus({ consecutiveFailures: 1 }) });
  expect(notProbed(server, site)).toEqual({
    namespace: 'default',
    name: 'server-a',
    observed: 'nothing',
    stages: [],
    reason: 'NotProbed',
    message:
      'A stdio server runs on the machine of the person who uses it. There is nothing to probe.',
    authRequired: 'Unknown',
    speaksMcp: 'Unknown',
    consecutiveFailures: 1,
    hint: expect.any(String),
    page: 'https://docs.example.com/reasons/not-probed/',
  });
});

test.each([
  [401, true, true],
  [403, false, false],
  [200, true, undefined],
] as const)(
  'an answer %i with a challenge: %s is reported as %s',
  (status, bearerChallenge, reported) => {
    const outcome = { kind: 'answered', status, bearerChallenge, timings: {} } as const;
    expect(explain(aServer(), outcome, new Date()).bearerChallenge).toBe(reported);
  },
);
