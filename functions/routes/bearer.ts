import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { LogLine } from '../model/log-line.ts';
import type { BearerResult, Caller } from '../sessions/person.ts';
import { problemResponse, type ProblemVariables, retryAfter } from './problem.ts';
import { signInHint } from './sign-in-hint.ts';

/** What every route may find in its context: `Hono<{ Variables: Variables }>`. */
export type Variables = ProblemVariables & {
  /** Who sends the request. Absent: the request has no token. */
  caller?: Caller;
};

type VerifyBearer = (token: string) => Promise<BearerResult>;

export type BearerPorts = {
  readonly verify: VerifyBearer;
  readonly publicUrl: string;
  readonly log: (line: LogLine) => void;
};

/**
 * Finds out who sends the request. Without a token the route decides. An invalid token is a 401 on
 * every route, and a 503 means that the issuer is unavailable. Every 401 names where to sign in
 * (RFC 9728, section 5.1).
 */
export const bearer = ({ verify, publicUrl, log }: BearerPorts) =>
  createMiddleware<{ Variables: Variables }>(async (context, next) => {
    const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource"`;
    const authorization = context.req.header('authorization');
    if (authorization === undefined) {
      await next();
      if (context.res.status === 401)
        context.res.headers.set('www-authenticate', `Bearer ${metadata}`);
      return undefined;
    }

    const verified = await verdict(verify, authorization);
    switch (verified.kind) {
      case 'issuerUnavailable':
        // In the pause after a failure there is nothing new to report.
        if (verified.retryAfterMs === undefined)
          log({ level: 'error', message: 'the issuer is unavailable', detail: verified.detail });
        return issuerUnavailable(context, verified.retryAfterMs);
      case 'invalid':
        return problemResponse(
          context,
          {
            problem: 'invalid-token',
            detail: verified.message,
            hint: signInHint(context),
          },
          { 'www-authenticate': `Bearer error="invalid_token", ${metadata}` },
        );
      case 'valid':
        context.set('caller', verified.caller);
        await next();
        return undefined;
    }
  });

/** RFC 6750, section 2.1: the scheme is compared without regard to case. */
async function verdict(verify: VerifyBearer, authorization: string): Promise<BearerResult> {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  return token === undefined
    ? { kind: 'invalid', message: 'The Authorization header has no Bearer token.' }
    : verify(token);
}

/**
 * Lets only signed-in people pass; behind it `context.var.caller` is there. `bearer` adds
 * `WWW-Authenticate` to its 401.
 */
export const requirePerson = createMiddleware<{ Variables: { caller: Caller } }>(
  async (context, next) => {
    const { caller }: Variables = context.var;
    if (caller === undefined) return signInRequired(context);
    await next();
    return undefined;
  },
);

export const issuerUnavailable = (context: Context, retryAfterMs = 60_000): Response =>
  problemResponse(
    context,
    {
      problem: 'issuer-unavailable',
      detail: 'Your token could not be verified.',
      hint: 'Try again in a minute. You do not need to sign in again.',
    },
    { 'retry-after': retryAfter(retryAfterMs) },
  );

export const signInRequired = (context: Context): Response =>
  problemResponse(context, {
    problem: 'sign-in-required',
    hint: signInHint(context),
  });
