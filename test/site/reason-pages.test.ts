import { describe, expect, test } from 'vitest';
import { parse } from '../../cli/parse.ts';
import { namedReasons, type ReasonName, reasonSlug } from '../../functions/model/reason-facts.ts';
import { explorerLink, reasonPages } from '../../site/reference/reason-pages.ts';
import { reasonSteps, type ReasonSteps } from '../../site/reference/reason-steps.ts';
import { wordsOf } from '../../site/reference/reason-words.ts';
import { show } from '../../site/src/explorer/cases.ts';
import { choiceOf } from '../../site/src/explorer/choice.ts';

const reasons = [...namedReasons.keys()];
const written = reasonPages();
const textOf = (reason: ReasonName): string =>
  written.get(`reasons/${reasonSlug(reason)}`) ?? `no page about ${reason}`;
const stepsOf = (reason: ReasonName): ReasonSteps => reasonSteps[reason];

/** The lines of all fences of a page. */
const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, lines = '']) =>
    lines.trimEnd().split('\n'),
  );

test.each(reasons)('the page of %s says how to look with kubectl and with muster', (reason) => {
  const lines = commandsIn(textOf(reason));
  expect(lines).toContain('kubectl describe mcpserver NAME --namespace NAMESPACE');
  expect(lines.some((line) => line.startsWith('muster '))).toBe(true);
});

test.each(reasons)('the commands of muster on the page of %s can be typed', (reason) => {
  const lines = commandsIn(textOf(reason)).filter((line) => line.startsWith('muster '));
  for (const line of lines)
    expect(
      parse(
        line
          .replaceAll(/NAME(SPACE)?/g, 'tickets')
          .split(' ')
          .slice(1),
      ).kind,
    ).toBe('run');
});

test.each(reasons)('the page of %s has what people type', (reason) => {
  const text = textOf(reason);
  for (const word of wordsOf(reason)) expect(text).toContain(word.replaceAll('<', '&lt;'));
});

test.each(reasons)('the page of %s links pages about related reasons, and not itself', (reason) => {
  const links = [...textOf(reason).matchAll(/^- \[(\w+)\]\(([a-z-]+)\.md\)/gm)];
  expect(links.length).toBeGreaterThan(0);
  for (const [, name = '', slug] of links) {
    expect(reasonSlug(name)).toBe(slug);
    expect(written.has(`reasons/${slug ?? ''}`)).toBe(true);
    expect(name).not.toBe(reason);
  }
});

describe('the link into the explorer shows the reason', () => {
  const linked = reasons.flatMap((reason) => {
    const { answer } = stepsOf(reason);
    return answer === undefined ? [] : [[reason, answer] as const];
  });
  test.each(linked)('%s', (reason, answer) => {
    const link = explorerLink(answer);
    expect(textOf(reason)).toContain(link);
    const { searchParams } = new URL(link, 'http://site');
    const choice = choiceOf((name) => searchParams.get(name));
    expect(choice.answer).toBe(answer);
    const { status } = show(choice);
    expect(status).toMatch(new RegExp(`reason: ${reason}$`, 'm'));
  });
  test('most reasons have one', () => expect(linked.length).toBeGreaterThan(reasons.length / 2));
});
