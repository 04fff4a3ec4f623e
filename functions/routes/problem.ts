import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { defined } from '../model/defined.ts';
import { type ProblemName, problemPage, problemTypes } from '../model/problem-types.ts';
import type { Problem } from '../model/wire/endpoint-wire.ts';

/**
 * What goes into an error answer; `hint` is the next step, often a command. Status and title are
 * those of the problem's type. A title of its own names the server or the limit.
 */
export type ProblemDetails = {
  readonly problem: ProblemName;
  readonly title?: string;
  readonly detail?: string;
  readonly hint?: string;
};

/** `Retry-After` in whole seconds (RFC 9110, section 10.2.3). */
export const retryAfter = (ms: number): string => String(Math.max(Math.ceil(ms / 1_000), 1));

/**
 * The problem document itself (RFC 9457). Its type is the address of the page about it, if `site`
 * has the pages.
 */
export function problem(
  details: ProblemDetails,
  site?: URL,
): Problem & { readonly status: ContentfulStatusCode } {
  const { problem, detail, hint } = details;
  const [status, title] = problemTypes[problem];
  const type = problemPage(site, problem) ?? 'about:blank';
  return defined({ type, title: details.title ?? title, status, detail, hint });
}

/** Set by `composeApi`. Undefined: there is no site. */
export type ProblemVariables = { siteUrl?: URL };

/** Answers with a problem document (RFC 9457, `application/problem+json`). */
export function problemResponse(
  context: Context,
  details: ProblemDetails,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { siteUrl }: ProblemVariables = context.var;
  const document = problem(details, siteUrl);
  return context.body(JSON.stringify(document), document.status, {
    ...headers,
    'content-type': 'application/problem+json',
  });
}
