import { createMiddleware } from 'hono/factory';
import { IssuerUnavailable } from '../adapters/oauth/bearer-verifier.ts';
import type { Line } from '../telemetry/log.ts';
import type { Person } from '../sessions/person.ts';
import { problemResponse, type Variables } from './problem.ts';

/** Whose bearer it is, or why it is nobody's. */
export type BearerResult =
  | { readonly kind: 'valid'; readonly person: Person }
  | { readonly kind: 'invalid'; readonly message: string };

/**
 * Judges a bearer. Throws `IssuerUnavailable` when the issuer cannot be asked: that is no word
 * about the bearer.
 */
type VerifyBearer = (token: string) => Promise<BearerResult>;

export type BearerPorts = {
  readonly verify: VerifyBearer;
  readonly publicUrl: string;
  readonly log: (line: Line) => void;
};

/**
 * Asks who sends the request. No bearer: nobody, and the route decides. A bad one is a 401 on every
 * route, 503 says that the issuer is away. Every 401 names where to sign in (RFC 9728, section
 * 5.1).
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

    const verified = await verdict(verify, authorization).catch((error: unknown) => {
      if (!(error instanceof IssuerUnavailable)) throw error;
      log({ level: 'error', message: 'the issuer cannot be asked', detail: error.message });
      return undefined;
    });
    if (verified === undefined) {
      return problemResponse(
        context,
        {
          status: 503,
          title: 'The issuer cannot be asked',
          detail: 'Whether the bearer is good cannot be told now.',
          hint: 'Try again in a minute; you need not sign in again.',
        },
        { 'retry-after': '60' },
      );
    }
    if (verified.kind === 'invalid') {
      return problemResponse(
        context,
        {
          status: 401,
          title: 'The bearer is not accepted',
          detail: verified.message,
          hint: 'Run: muster auth login',
        },
        { 'www-authenticate': `Bearer error="invalid_token", ${metadata}` },
      );
    }
    context.set('person', verified.person);
    await next();
    return undefined;
  });

/** RFC 6750, section 2.1: the scheme is compared without regard to case. */
async function verdict(verify: VerifyBearer, authorization: string): Promise<BearerResult> {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  return token === undefined
    ? { kind: 'invalid', message: 'The Authorization header holds no bearer.' }
    : verify(token);
}
