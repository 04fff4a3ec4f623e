import type { Env, Hono } from 'hono';
import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import { problem } from './problem.ts';

type Answer = Awaited<ReturnType<ReturnType<typeof handle>>>;

type Handler = (event: LambdaEvent, context: LambdaContext) => Promise<Answer>;

/**
 * Serves routes behind a Function URL or an HTTP API of API Gateway: both send payload format 2.0.
 * A `Request` cannot hold all that HTTP allows (Fetch standard,
 * section 5.4): a GET or HEAD with a body, which means nothing (RFC 9110, section 9.3.1), and the
 * methods CONNECT, TRACE and TRACK. Without this a caller gets a 500 for them.
 */
export function functionUrlHandler<Served extends Env>(api: Hono<Served>): Handler {
  const answer = handle(api);
  return async (event, context) => {
    const method = methodOf(event);
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(method) || /^(connect|trace|track)$/i.test(method))
      return notAllowed;
    const sent = withEncodedPath(event);
    const isRead = /^(get|head)$/i.test(method);
    return answer(isRead ? { ...sent, body: null, isBase64Encoded: false } : sent, context);
  };
}

/**
 * API Gateway decodes the path, a Function URL does not. What cannot be in an encoded path is
 * encoded again, so that nothing of a path becomes a query; an encoded path stays as it is.
 * https://github.com/middleapi/standard-server/pull/93 has what both send.
 */
const withEncodedPath = (event: LambdaEvent): LambdaEvent =>
  'rawPath' in event
    ? {
        ...event,
        rawPath: event.rawPath
          .toWellFormed()
          .replace(/[^\w.~!$&'()*+,;=:@/%-]|%(?![\dA-Fa-f]{2})/gu, encodeURIComponent),
      }
    : event;

/** Of payload format 2.0, the only one that either sends. */
const methodOf = ({ requestContext }: LambdaEvent): string =>
  'http' in requestContext ? requestContext.http.method : 'GET';

const notAllowed: Answer = {
  statusCode: 405,
  headers: { 'content-type': 'application/problem+json', 'x-content-type-options': 'nosniff' },
  body: JSON.stringify(
    problem({
      problem: 'method-not-allowed',
      hint: 'See GET /v1/openapi.json for all routes.',
    }),
  ),
  isBase64Encoded: false,
};
