import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Caller } from '../sessions/person.ts';
import type { Problem } from '../model/wire.ts';

/** What every route may find in its context: `Hono<{ Variables: Variables }>`. */
export type Variables = {
  /** Who sends the request. Absent: the request has no token. */
  caller?: Caller;
};

/** An error answer in the making; `hint` names the next command. */
export type ProblemDetails = {
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly detail?: string;
  readonly hint?: string;
};

/** Answers with a problem document (RFC 9457, `application/problem+json`). */
export function problemResponse(
  context: Context,
  details: ProblemDetails,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body: Problem = { type: 'about:blank', ...details };
  return context.body(JSON.stringify(body), details.status, {
    ...headers,
    'content-type': 'application/problem+json',
  });
}

/**
 * Lets only signed-in people pass; behind it `context.var.caller` is set. The bearer check adds
 * `WWW-Authenticate` to its 401.
 */
export const requirePerson = createMiddleware<{ Variables: { caller: Caller } }>(
  async (context, next) => {
    const { caller }: Variables = context.var;
    if (caller === undefined) {
      return problemResponse(context, {
        status: 401,
        title: 'Sign-in required',
        hint: 'Run: muster auth login',
      });
    }
    await next();
    return undefined;
  },
);
