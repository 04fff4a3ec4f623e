import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { liveSignIns } from '../model/limits.ts';
import type { Variables } from './bearer.ts';
import { tooMany } from './limited.ts';
import type { LiveAnswers } from './live-answers.ts';
import { processLimit } from './process-limit.ts';
import { sameOrigin } from './same-origin.ts';

export type LiveRoutePorts = {
  /** Address of the endpoint, without a slash at its end. */
  readonly publicUrl: string;
  readonly now: () => Date;
  readonly load: () => Promise<LiveAnswers>;
};

/**
 * The sign-in of people on the live page. None of these routes knows a person before it answers, so
 * all of them are for our own page only. The cookie signs no one in: only `resume` reads it.
 */
export function liveRoutes({
  publicUrl,
  now,
  load,
}: LiveRoutePorts): Hono<{ Variables: Variables }> {
  const ours = sameOrigin(publicUrl);
  const mayAskIssuer = limitedInProcess(now);
  return new Hono<{ Variables: Variables }>()
    .post('/v1/live/sign-in', ours, mayAskIssuer, async (context) => (await load()).start(context))
    .post('/v1/live/sign-in/complete', ours, mayAskIssuer, async (context) =>
      (await load()).complete(context),
    )
    .post('/v1/live/resume', ours, async (context) => (await load()).resume(context))
    .delete('/v1/live/session', ours, async (context) => (await load()).end(context));
}

/** Anyone may ask, and each request may cause one at the issuer. */
function limitedInProcess(now: () => Date) {
  const take = processLimit(liveSignIns);
  return createMiddleware(async (context, next) => {
    const taken = take(now());
    if (taken.kind === 'reached')
      return tooMany(context, {
        title: 'Too many sign-ins',
        detail: `The limit for all sign-ins on the live page is ${liveSignIns.count} requests in 1 minute.`,
        retryAfterMs: taken.retryAfterMs,
      });
    await next();
    return undefined;
  });
}
