import { type Context, Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { parseJson } from '../model/json.ts';
import { liveSignIns } from '../model/limits.ts';
import {
  liveCompleteRequestSchema,
  type LiveResumed,
  type LiveSignedIn,
  liveSignInRequestSchema,
  type LiveSignInStarted,
} from '../model/wire/live-wire.ts';
import {
  completeLiveSignIn,
  type IssuerTrouble,
  type LiveSignInPorts,
  resumeLiveSignIn,
  startLiveSignIn,
} from '../sessions/live-sign-in.ts';
import { issuerUnavailable, type Variables } from './bearer.ts';
import { tooMany } from './limited.ts';
import { liveCookie, type SealedTexts } from './live-cookie.ts';
import { problemResponse, retryAfter } from './problem.ts';
import { processLimit } from './process-limit.ts';
import { sameOrigin } from './same-origin.ts';

export type LivePorts = {
  /** Address of the endpoint, without a slash at its end. */
  readonly publicUrl: string;
  readonly sealedTexts: SealedTexts;
  readonly now: () => Date;
  readonly verify: LiveSignInPorts['verify'];
  /** What needs the issuer; the first sign-in loads it. */
  readonly load: () => Promise<LiveSignInPorts>;
};

/**
 * The sign-in of people on the live page. None of these routes knows a person before it answers, so
 * all of them are for our own page only. The cookie signs nobody in: only `resume` reads it.
 */
export function liveRoutes({
  publicUrl,
  sealedTexts,
  now,
  verify,
  load,
}: LivePorts): Hono<{ Variables: Variables }> {
  const cookie = liveCookie(sealedTexts, publicUrl);
  const ours = sameOrigin(publicUrl);
  const mayAskIssuer = limitedInProcess(now);
  const routes = new Hono<{ Variables: Variables }>();

  routes.post('/v1/live/sign-in', ours, mayAskIssuer, async (context) => {
    const body = liveSignInRequestSchema.safeParse(parseJson(await context.req.text()));
    if (!body.success) return badBody(context, 'state, challenge and nonce must be base64url.');
    const started = await startLiveSignIn(await load(), body.data);
    if (started.kind === 'refused') return troubleAnswer(context, started);
    return context.json<LiveSignInStarted>({ authorizationUrl: started.authorizationUrl.href });
  });

  routes.post('/v1/live/sign-in/complete', ours, mayAskIssuer, async (context) => {
    const body = liveCompleteRequestSchema.safeParse(parseJson(await context.req.text()));
    if (!body.success) return badBody(context, 'code, verifier and nonce must be of one sign-in.');
    const completed = await completeLiveSignIn(await load(), body.data);
    switch (completed.kind) {
      case 'signedIn': {
        const { token, idToken, expiresAt } = completed;
        await cookie.keep(context, token, expiresAt.getTime() - now().getTime());
        return context.json<LiveSignedIn>({ token, idToken, expiresAt: expiresAt.toISOString() });
      }
      case 'refused':
        return troubleAnswer(context, completed);
      case 'otherSignIn':
        return problemResponse(context, {
          status: 400,
          title: 'This is the answer to another sign-in',
          detail: 'The ID token was not issued for the key of this page.',
          hint: again,
        });
      case 'unusable':
        return problemResponse(context, {
          status: 502,
          title: 'The tokens of the issuer cannot be used',
          detail: completed.message,
          hint: `${askOperator} the settings OIDC_CLIENT_ID, OIDC_SCOPES and BEARER_AUDIENCE.`,
        });
    }
  });

  routes.post('/v1/live/resume', ours, async (context) => {
    const resumed = await resumeLiveSignIn({ verify, now }, await cookie.read(context));
    switch (resumed.kind) {
      case 'resumed': {
        const { token, expiresAt } = resumed;
        return context.json<LiveResumed>({ token, expiresAt: expiresAt.toISOString() });
      }
      case 'ended':
        cookie.clear(context);
        return problemResponse(context, {
          status: 401,
          title: 'You are signed out of muster',
          detail: 'This browser has no sign-in, or the sign-in has expired.',
          hint: again,
        });
      case 'unavailable':
        return issuerUnavailable(context);
    }
  });

  routes.delete('/v1/live/session', ours, (context) => {
    cookie.clear(context);
    return context.body(null, 204);
  });

  return routes;
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

function troubleAnswer(context: Context, { why, message: detail }: IssuerTrouble): Response {
  switch (why) {
    case 'code':
      return problemResponse(context, {
        status: 400,
        title: 'The sign-in could not be completed',
        detail,
        hint: again,
      });
    case 'otherIssuer':
      return problemResponse(context, {
        status: 400,
        title: 'The answer came from another issuer',
        detail,
        hint: `${again} If this happens again, ask the operator of muster to check OIDC_ISSUER.`,
      });
    case 'client':
      return problemResponse(context, {
        status: 502,
        title: 'The issuer does not accept muster as a client',
        detail,
        hint: `${askOperator} the settings OIDC_CLIENT_ID and OIDC_PUBLIC_CLIENT_SECRET.`,
      });
    case 'issuer':
      return problemResponse(context, {
        status: 502,
        title: 'The issuer cannot be used',
        detail,
        hint: `${askOperator} the setting OIDC_ISSUER.`,
      });
    case 'unavailable':
      return problemResponse(
        context,
        {
          status: 503,
          title: 'The issuer is unavailable',
          detail,
          hint: 'Start a new sign-in in a minute.',
        },
        { 'retry-after': retryAfter(60_000) },
      );
  }
}

const again = 'Start a new sign-in.';
const askOperator = 'Ask the operator of muster to check';

const badBody = (context: Context, detail: string): Response =>
  problemResponse(context, {
    status: 400,
    title: 'Invalid request body',
    detail,
    hint: 'See GET /v1/openapi.json for the fields of the body.',
  });
