import { assert, property, record, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changeSummary,
  summaryAlphabet,
  type SummarizedChange,
} from '../../../functions/model/change-summary.ts';
import { reasonFacts } from '../../../functions/model/reason-facts.ts';

const site = new URL('https://docs.example.com');
const change = (facts: Partial<SummarizedChange> = {}): SummarizedChange => ({
  namespace: 'default',
  name: 'server-a',
  from: 'Connecting',
  to: 'Failed',
  reason: 'ConnectionRefused',
  failingSince: new Date('2026-11-26T13:58:00Z'),
  at: new Date('2026-11-26T14:00:59Z'),
  ...facts,
});

describe('the summary of a change', () => {
  test('has name, reason, since when, what to do, and the page of the reason', () => {
    expect(changeSummary(change(), site)).toBe(
      'default/server-a is Failed: ConnectionRefused. It has been failing since 2026-11-26 13:58 UTC. The machine is up, and nothing listens on this port. Start the server, or fix the port in spec.url. https://docs.example.com/reasons/connection-refused/',
    );
  });

  test('says that a server failed on its first probe', () => {
    const { from: _from, ...first } = change({ reason: 'DNSFailure' });
    expect(changeSummary(first, undefined)).toMatch(
      /^default\/server-a is Failed: DNSFailure\. Its first probe failed at 2026-11-26 14:00 UTC\. /,
    );
  });

  test('of a recovery says how long it took, and asks for nothing', () => {
    const recovered = change({ from: 'Failed', to: 'Connected', reason: 'Responded' });
    expect(changeSummary(recovered, undefined)).toBe(
      'default/server-a is Connected: Responded. It failed from 2026-11-26 13:58 UTC to 2026-11-26 14:00 UTC. The server answered.',
    );
    const { failingSince: _since, ...unknown } = recovered;
    expect(changeSummary(unknown, undefined)).toContain(
      ' It was Failed until 2026-11-26 14:00 UTC.',
    );
    expect(changeSummary({ ...recovered, reason: 'AuthenticationRequired' }, undefined)).toMatch(
      /It is up and requires a sign-in\.$/,
    );
  });

  test('has a page only where there is a site', () => {
    expect(changeSummary(change(), undefined)).not.toContain('http');
  });

  test.each([...reasonFacts.keys()])('loses no character of the words about %s', (reason) => {
    const { from: _from, ...first } = change({ reason });
    expect(changeSummary(first, site)).not.toContain('?');
  });

  test('is short and has no character that JSON, Slack, Teams or a mail reads, whatever it is given', () => {
    const text = string({ unit: 'binary', maxLength: 500 });
    assert(
      property(
        record({ namespace: text, name: text, from: text, to: text, reason: text }),
        (words) => {
          const summary = changeSummary(change(words), site);
          expect(summary).toMatch(summaryAlphabet);
          expect(summary.length).toBeLessThanOrEqual(1000);
          expect(JSON.parse(`{"text": "${summary}"}`)).toEqual({ text: summary });
        },
      ),
    );
    for (const mark of '"\\<>&*~`|[]{}@#!\n\u202e') expect(summaryAlphabet.test(mark)).toBe(false);
  });
});
