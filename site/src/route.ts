import { defineRouteMiddleware } from '@astrojs/starlight/route-data';
import { searchFieldsOf } from '../search.ts';
import { sourceOf } from '../source.ts';

/**
 * The edit link of a generated page leads to the code that has its text, and the search finds a
 * page by the words that people type.
 */
export const onRequest = defineRouteMiddleware(({ locals: { starlightRoute } }) => {
  const { entry } = starlightRoute;
  for (const [field, words] of Object.entries(searchFieldsOf(entry.id)))
    if (words.length > 0)
      starlightRoute.head.push({
        tag: 'meta',
        attrs: {
          name: field,
          content: words.join(', '),
          'data-pagefind-meta': `${field}[content]`,
        },
      });
  const repository = process.env['REPOSITORY_URL'];
  if (entry.filePath === undefined || repository === undefined) return;
  starlightRoute.editUrl = new URL(
    `${repository.replace(/\/$/, '')}/edit/main/${sourceOf(entry.id)}`,
  );
});
