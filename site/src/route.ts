import { defineRouteMiddleware } from '@astrojs/starlight/route-data';
import { sourceOf } from '../source.ts';

/** Generated pages are edited where their words are: in the code. */
export const onRequest = defineRouteMiddleware(({ locals: { starlightRoute } }) => {
  const { entry } = starlightRoute;
  const repository = process.env['REPOSITORY_URL'];
  if (entry.filePath === undefined || repository === undefined) return;
  starlightRoute.editUrl = new URL(
    `${repository.replace(/\/$/, '')}/edit/main/${sourceOf(entry.id)}`,
  );
});
