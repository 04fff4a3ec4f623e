import { expect, test } from 'vitest';
import { failedReasons, failingReasons } from '../../functions/model/mcpserver.ts';
import {
  authRequiredMeanings,
  type Meaning,
  reasonMeanings,
  sessionMeanings,
  stateMeanings,
} from '../../functions/model/glossary.ts';
import { code, table } from '../../site/reference/markdown.ts';
import { isWriting, readPage, replaced, tableIn, writePage } from './pages.ts';

const meanings = (head: string, all: Readonly<Record<string, Meaning>>): string =>
  table(
    [head, 'means', 'next'],
    Object.entries(all).map(([word, { meaning, next }]) => [code(word), meaning, next]),
  );

const trouble = Object.fromEntries(
  Object.entries(reasonMeanings).filter(([reason]) =>
    [...failedReasons, ...failingReasons, 'ProberOffline'].some((word) => word === reason),
  ),
);

test.each([
  ['state-and-session.md', 'states', meanings('STATE', stateMeanings)],
  ['state-and-session.md', 'reasons', meanings('reason', reasonMeanings)],
  ['troubleshoot.md', 'trouble', meanings('reason', trouble)],
  ['state-and-session.md', 'sign-in', meanings('reason', authRequiredMeanings)],
  ['state-and-session.md', 'sessions', meanings('SESSION', sessionMeanings)],
])('%s has the %s of the code, word for word', async (name, which, wanted) => {
  const page = await readPage(name);
  const written = tableIn(page, which);
  expect(written).toBeDefined();
  if (isWriting && written !== undefined) return writePage(name, replaced(page, written, wanted));
  expect(
    written?.text,
    'npm run docs:write puts the words of functions/model/glossary.ts into the page',
  ).toBe(wanted);
});
