import { expect, test } from 'vitest';
import { allPages } from '../../../functions/model/all-pages.ts';
import { defined } from '../../../functions/model/defined.ts';

const pagesOf = (tokens: readonly (string | undefined)[]) => {
  const asked: (string | undefined)[] = [];
  return {
    asked,
    read: async (token: string | undefined) => {
      asked.push(token);
      return asked.length > tokens.length
        ? undefined
        : defined({ number: asked.length, continue: tokens[asked.length - 1] });
    },
  };
};

test('a list is read to its last page, each page by the token of the one before', async () => {
  const { asked, read } = pagesOf(['a', 'b', undefined]);
  const pages = await allPages(read);
  expect(pages.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(asked).toEqual([undefined, 'a', 'b']);
});

test('a page that cannot be read ends the list after those that could', async () => {
  const { read } = pagesOf(['a', 'b']);
  expect(await allPages(read)).toHaveLength(2);
});
