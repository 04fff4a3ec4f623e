import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Problem } from '../model/wire/endpoint-wire.ts';

/** What goes into an error answer; `hint` is the next step, often a command. */
export type ProblemDetails = {
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly detail?: string;
  readonly hint?: string;
};

/** `Retry-After` in whole seconds (RFC 9110, section 10.2.3). */
export const retryAfter = (ms: number): string => String(Math.max(Math.ceil(ms / 1_000), 1));
/** The problem document itself (RFC 9457). */
export const problem = (details: ProblemDetails): Problem => ({ type: 'about:blank', ...details });

/** Answers with a problem document (RFC 9457, `application/problem+json`). */
export function problemResponse(
  context: Context,
  details: ProblemDetails,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return context.body(JSON.stringify(problem(details)), details.status, {
    ...headers,
    'content-type': 'application/problem+json',
  });
}
