import { expect, test } from 'vitest';
import { explained } from '../../../cli/commands/check.ts';
import { reasonGlossary } from '../../../functions/model/glossary.ts';
import type { Check } from '../../../functions/model/wire.ts';

const aCheck = (facts: Partial<Check> = {}): Check => ({
  namespace: 'team-a',
  name: 'server-a',
  observed: 'HTTP 401',
  stages: [],
  reason: 'AuthenticationRequired',
  message: 'The server answered 401.',
  authRequired: 'True',
  consecutiveFailures: 0,
  ...facts,
});

test('the next step has the name of the server in it', () => {
  expect(explained(aCheck())).toMatch(/^Next: {6}.*muster auth login --server team-a\/server-a\b/m);
});

test.each(Object.keys(reasonGlossary))(
  'the next step for %s has no placeholder and no backtick, and is not this command',
  (reason) => {
    const [, next] = /^Next: +(.+)$/m.exec(explained(aCheck({ reason }))) ?? [];
    expect(next).toMatch(/^[A-Z-]/);
    expect(next).not.toMatch(/\bNAME\b|`|muster check/);
  },
);
