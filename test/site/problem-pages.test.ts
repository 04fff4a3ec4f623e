import { expect, test } from 'vitest';
import { settings } from '../../functions/model/settings-table.ts';
import { problemTypes } from '../../functions/model/problem-types.ts';
import { problemPages } from '../../site/reference/problem-pages.ts';
import { problemTexts } from '../../site/reference/problem-texts.ts';

const pages = problemPages();

test.each(Object.entries(problemTypes))(
  '%s has a page with its title and status',
  (name, [status, title]) => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    const text = pages.get(`problems/${name}`);
    expect(text?.startsWith(`# ${title}\n`)).toBe(true);
    expect(text).toContain(`| ${String(status)} |`);
  },
);

test.each(Object.entries(problemTexts))('%s says when it is, and what to do', (_, text) => {
  for (const sentence of Object.values(text)) {
    expect(sentence).toMatch(/^[A-Z].*\.$/);
    const named = [...sentence.matchAll(/`([A-Z]{2,}_[A-Z_]+)`/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !Object.hasOwn(settings, name))).toEqual([]);
  }
});
