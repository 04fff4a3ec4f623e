import { defineRouteMiddleware } from '@astrojs/starlight/route-data';
import { sourceOf } from '../source.ts';

/** The edit link of a generated page leads to the code that has its text. */
export const onRequest = defineRouteMiddleware(({ locals: { starlightRoute } }) => {
  const { entry } = starlightRoute;
  const repository = process.env['REPOSITORY_URL'];
  if (entry.filePath === undefined || repository === undefined) return;
  starlightRoute.editUrl = new URL(
    `${repository.replace(/\/$/, '')}/edit/main/${sourceOf(entry.id)}`,
  );
});
