import { expect, test } from 'vitest';
import { explainedText } from '../../../../cli/output/check-text.ts';
import { reasonGlossary } from '../../../../functions/model/glossary.ts';
import { explain } from '../../../../functions/reachability/explain.ts';
import { reasonFacts, reasonPage, reasonSlug } from '../../../../functions/model/reason-facts.ts';
import { aServer } from '../../../world/server.ts';

const now = new Date('2026-03-01T12:00:00Z');
const server = aServer({ namespace: 'team-a' });

test('the next step has the name of the server in it', () => {
  const outcome = { kind: 'answered', status: 401, bearerChallenge: true, timings: {} } as const;
  expect(explainedText(explain(server, outcome, now), now)).toMatch(
    /^Next: {6}.*muster auth login --server team-a\/server-a\b/m,
  );
});

test.each(Object.keys(reasonGlossary))(
  'the next step for %s does not advise the command that prints it',
  (reason) => {
    expect(reasonFacts.get(reason)?.hint).not.toContain('muster check');
  },
);

test('every reason has a page with an address of its own', () => {
  const addresses = [...reasonFacts.keys()].map((reason) =>
    reasonPage(new URL('https://docs.example.com'), reason),
  );
  expect(new Set(addresses).size).toBe(reasonFacts.size);
  expect([reasonSlug('DNSFailure'), reasonSlug('NotHTTP'), reasonSlug('TLSNotYetValid')]).toEqual([
    'dns-failure',
    'not-http',
    'tls-not-yet-valid',
  ]);
  expect(reasonPage(new URL('https://docs.example.com'), 'OfAnotherWriter')).toBeUndefined();
});
