import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { type LimitName, limits, type PersonLimitName } from '../model/limits.ts';
import type { Caller } from '../sessions/person.ts';
import type { LimitRefusal, TakeLimit } from '../sessions/rate-limits.ts';
import { problemResponse, retryAfter } from './problem.ts';

/** Behind `requirePerson`: lets a request pass while the person is within the limit. */
export const limited = (takeLimit: TakeLimit, limit: PersonLimitName) =>
  createMiddleware<{ Variables: { caller: Caller } }>(async (context, next) => {
    const taken = await takeLimit(context.var.caller.person, limit);
    if (taken.kind !== 'allowed') return limitResponse(context, limit, taken);
    await next();
    return undefined;
  });

export function limitResponse(context: Context, limit: LimitName, refused: LimitRefusal): Response {
  const { what, per, count, windowSeconds } = limits[limit];
  switch (refused.kind) {
    case 'reached':
      return tooMany(context, {
        title: `Too many ${what}`,
        detail: `The limit for each ${subjects[per]} is ${count} ${what} in ${spanOf(windowSeconds)}.`,
        retryAfterMs: refused.retryAfterMs,
      });
    case 'uncounted':
      return tableUnavailable(context);
  }
}

const subjects = { person: 'person', personAndServer: 'person and server' } as const;

export function tooMany(
  context: Context,
  {
    title,
    detail,
    retryAfterMs,
  }: { readonly title: string; readonly detail: string; readonly retryAfterMs: number },
): Response {
  const seconds = retryAfter(retryAfterMs);
  return problemResponse(
    context,
    { problem: 'too-many-requests', title, detail, hint: `Try again in ${seconds} seconds.` },
    { 'retry-after': seconds },
  );
}

/** A whole number of minutes, for people: `1 minute`, `10 minutes`. */
const spanOf = (seconds: number): string =>
  seconds === 60 ? '1 minute' : `${seconds / 60} minutes`;

export const tableUnavailable = (context: Context): Response =>
  problemResponse(
    context,
    {
      problem: 'table-unavailable',
      detail: 'The request needs rows of the table.',
      hint: 'Try again in a minute. If the error persists, ask the operator to check the logs of the api function and the table of TABLE_NAME.',
    },
    { 'retry-after': '60' },
  );
