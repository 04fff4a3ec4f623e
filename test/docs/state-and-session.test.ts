import { describe, expect, test } from 'vitest';
import { classify } from '../../functions/reachability/classify.ts';
import { answerOf, answers, show, type SignInName } from '../../site/src/explorer/cases.ts';
import { readPage } from './pages.ts';

const page = await readPage('state-and-session.md');

/** The rows of the first table below a heading; each cell is Markdown. */
const rowsBelow = (heading: string): readonly (readonly string[])[] =>
  (page.split(`\n## ${heading}\n`)[1] ?? '')
    .split('\n\n')
    .find((part) => part.trimStart().startsWith('|'))
    ?.trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ) ?? [];

describe('the four cases are what the shipped functions say', () => {
  const cells = rowsBelow('The four cases').map(([, signedIn = '', not = '']) => [signedIn, not]);
  test.each([
    ['answers, signed in', cells[0]?.[0], '401', 'fresh'],
    ['answers, not signed in', cells[0]?.[1], '401', 'none'],
    ['does not answer, signed in', cells[1]?.[0], 'refused', 'fresh'],
    ['does not answer, not signed in', cells[1]?.[1], 'refused', 'none'],
  ] as const)('%s', (_, cell, answer, signIn: SignInName) => {
    const { state, session } = show({ answer, times: 3, signIn });
    const word = session?.status ?? 'no column';
    expect(cell).toContain(
      `kubectl: \`${state}\`<br>muster list: \`${state}\` \`${word}\`<br>auth status: \`${word}\`<br>`,
    );
    if (session?.hint !== undefined) expect(cell).toContain('muster auth login --server NAME');
  });
});

describe('the table of answers is what the shipped functions say', () => {
  const rows = rowsBelow('How each response maps to STATE');
  test.each(
    answers.filter(({ name }) => name !== '407').map(({ name, label }) => [label, name] as const),
  )('%s', (_, name) => {
    const verdict = classify(answerOf(name).outcome);
    if (verdict.kind === 'undecided') throw new Error(`${name} has no verdict`);
    const row = rows.find(([, , , reasons]) => reasons?.includes(`\`${verdict.reason}\``));
    const [, state, reachable] = row ?? [];
    const states = {
      connected: '`Connected`',
      failing: '`Connecting`, then `Failed`',
      failed: '`Failed`',
    } as const;
    expect(state).toBe(states[verdict.kind]);
    expect(reachable).toBe(verdict.kind === 'connected' ? 'True' : 'False');
  });
  test('statuses of a reverse proxy whose server is down', () => {
    const [statuses = ''] =
      rows.find(([, , , reasons]) => reasons === '`UpstreamUnavailable`') ?? [];
    const outcome = (status: number) =>
      ({ kind: 'answered', status, bearerChallenge: false, timings: {} }) as const;
    const unavailable = Array.from({ length: 500 }, (_, index) => index + 100).filter(
      (status) => classify(outcome(status)).kind === 'failing',
    );
    expect(statuses).toBe(unavailable.join(', '));
  });
});
