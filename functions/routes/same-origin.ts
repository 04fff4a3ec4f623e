import { createMiddleware } from 'hono/factory';
import { problemResponse } from './problem.ts';

/**
 * Lets only requests of our own pages pass: for a cookie and for what sets one, a request of another
 * page would be as good as ours. Browsers say where a request is from in `Sec-Fetch-Site`, and older
 * ones in `Origin`; no page can set these (Fetch standard, forbidden request-headers).
 */
export const sameOrigin = (publicUrl: string) => {
  const { origin } = new URL(publicUrl);
  return createMiddleware(async (context, next) => {
    const site = context.req.header('sec-fetch-site');
    const isOurs =
      site === undefined ? context.req.header('origin') === origin : site === 'same-origin';
    if (!isOurs)
      return problemResponse(context, {
        problem: 'other-site',
        detail: `The request is not from a page of ${origin}.`,
        hint: `Open ${publicUrl}/live/`,
      });
    await next();
    return undefined;
  });
};
