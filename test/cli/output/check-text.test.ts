import { expect, test } from 'vitest';
import { checkText, explainedText } from '../../../cli/output/check-text.ts';
import { painter } from '../../../cli/output/paint.ts';
import { certificateWarning } from '../../../functions/reachability/certificate.ts';
import { explain } from '../../../functions/reachability/explain.ts';
import type { ProbeOutcome } from '../../../functions/reachability/outcome.ts';
import { aCondition, aServer, aStatus } from '../../world/server.ts';

const now = new Date('2026-03-01T12:00:00Z');
const view = { now, paint: painter(false), label: 'server-a' };
const ago = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000);
const site = new URL('https://docs.example.com/muster/');

const refused: ProbeOutcome = {
  kind: 'unreachable',
  stage: 'tcp',
  cause: 'refused',
  detail: 'ECONNREFUSED',
  timings: { tcp: 0.6 },
};
const failing = aServer({
  namespace: 'team-a',
  status: aStatus({
    state: 'Failed',
    consecutiveFailures: 3,
    lastConnected: ago(95),
    conditions: [
      aCondition({ status: 'False', reason: 'ConnectionRefused', lastTransitionTime: ago(90) }),
    ],
  }),
});

test('a failing server: what failed, since when, the last answer, and what to do', () => {
  expect(checkText(explain(failing, refused, now, site), view)).toBe(
    [
      'server-a: Failed (ConnectionRefused): connection refused (stage tcp)',
      'Failed:    the server',
      'Since:     1 hour ago',
      'Last OK:   1 hour ago',
      'Message:   Connection refused.',
      'Next:      Start the server, or fix the port in spec.url.',
      'More:      https://docs.example.com/muster/reasons/connection-refused/',
      '',
    ].join('\n'),
  );
});

test('a server that answers is one line, and one more when its certificate ends soon', () => {
  const answered: ProbeOutcome = {
    kind: 'answered',
    status: 401,
    bearerChallenge: true,
    timings: {},
  };
  const inDays = (days: number) => new Date(now.getTime() + days * 24 * 60 * 60_000);
  const fine = { ...answered, certificateExpiresAt: inDays(15) };
  expect(checkText(explain(failing, fine, now), view)).toBe(
    'server-a: Connected (AuthenticationRequired): HTTP 401\n',
  );
  const soon = { ...answered, certificateExpiresAt: inDays(5) };
  expect(checkText(explain(failing, soon, now), view)).toBe(
    'server-a: Connected (AuthenticationRequired): HTTP 401\nWarning:   The certificate expires on 2026-03-06.\n',
  );
  expect(explainedText(explain(failing, soon, now), now)).toContain(
    'TLS until: 2026-03-06 (in 5 days)\n',
  );
  expect(certificateWarning(inDays(14), now)).toBeUndefined();
});

test('a hop that failed is named, with what to fix', () => {
  const hop = { from: 'https://a.example.com/mcp', to: 'https://a.example.com:8443/mcp' };
  const text = explainedText(explain(failing, { ...refused, hop }, now), now);
  expect(text).toContain(`Redirect:  ${hop.from} to ${hop.to}\n`);
  expect(text).toContain(
    `Next:      Fix the redirect at ${hop.from}, or what runs at ${hop.to}.\n`,
  );
});

test.each([
  ['tcp', 'the network'],
  ['tls', 'TLS'],
  ['headers', 'the server'],
] as const)('a timeout at the stage %s is a matter of %s', (stage, part) => {
  const outcome: ProbeOutcome = { ...refused, cause: 'timeout', stage };
  expect(checkText(explain(failing, outcome, now), view)).toContain(`Failed:    ${part}\n`);
});

test('without a site the reason has no address', () => {
  expect(explainedText(explain(failing, refused, now), now)).not.toContain('More:');
});

test('stages have a total, except where two requests ran beside each other', () => {
  const stagesIn = (timings: ProbeOutcome['timings']) =>
    /^Stages: +(.+)$/m.exec(
      explainedText(explain(failing, { ...refused, timings }, now), now),
    )?.[1];
  expect(stagesIn({ dns: 1, tcp: 2 })).toBe('dns 1.0 ms, tcp 2.0 ms (3.0 ms total)');
  expect(stagesIn({ tcp: 1, headers: 999, discover: 500 })).toBe(
    'tcp 1.0 ms, headers 999 ms, discover 500 ms',
  );
});
