/** The two-minute test of State and session: what is above its reference. */
import { expect, test } from 'vitest';
import { headOf } from '../../site/src/head.ts';
import { readPage, slug } from './pages.ts';
import { questions } from './two-minute-questions.ts';

const page = await readPage('state-and-session.md');
const [first = '', reference] = page.split('\n## Reference\n');

test('there is a first screen, and a reference below it', () => {
  expect(reference).toBeDefined();
  expect(first).toContain('<!-- table: cases -->');
});

const anchors = [...first.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));

test.each(questions)('%s is answered on the first screen', (_, anchor) => {
  expect(anchors).toContain(anchor);
});

/** 240 words a minute. */
const mostWords = 480;

/** As a reader sees them: without comments, addresses of links, and marks of tables. */
const wordsIn = (markdown: string): readonly string[] =>
  markdown
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/\]\([^)]*\)/g, ']')
    .replaceAll('<br>', ' ')
    .split(/[\s|]+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));

test(`the first screen has at most ${String(mostWords)} words`, () => {
  expect(wordsIn(first).length).toBeLessThanOrEqual(mostWords);
});

test('search engines show that a 401 is an answer, and that SESSION is a sign-in', async () => {
  const { description } = await headOf('docs/state-and-session.md');
  expect(description).toMatch(/401.*signed in/);
  expect(description).not.toMatch(/\.\.\.$/);
});
