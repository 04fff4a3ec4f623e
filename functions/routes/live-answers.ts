import type { Context } from 'hono';
import { parseJson } from '../model/json.ts';
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
import { issuerUnavailable } from './bearer.ts';
import { liveCookie, type SealedTexts } from './live-cookie.ts';
import { problemResponse, retryAfter } from './problem.ts';

export type LivePorts = {
  /** Address of the endpoint, without a slash at its end. */
  readonly publicUrl: string;
  readonly sealedTexts: SealedTexts;
  readonly now: () => Date;
  readonly verify: LiveSignInPorts['verify'];
  /** What needs the issuer; the first sign-in loads it. */
  readonly load: () => Promise<LiveSignInPorts>;
};

type Answer = (context: Context) => Promise<Response>;

/** What the routes of the live page answer, in a module that their first request loads. */
export type LiveAnswers = {
  readonly start: Answer;
  readonly complete: Answer;
  readonly resume: Answer;
  readonly end: Answer;
};

export function liveAnswers({ publicUrl, sealedTexts, now, verify, load }: LivePorts): LiveAnswers {
  const cookie = liveCookie(sealedTexts, publicUrl);
  return {
    start: async (context) => {
      const body = liveSignInRequestSchema.safeParse(parseJson(await context.req.text()));
      if (!body.success) return badBody(context, 'state, challenge and nonce must be base64url.');
      const started = await startLiveSignIn(await load(), body.data);
      if (started.kind === 'refused') return troubleAnswer(context, started);
      return context.json<LiveSignInStarted>({ authorizationUrl: started.authorizationUrl.href });
    },

    complete: async (context) => {
      const body = liveCompleteRequestSchema.safeParse(parseJson(await context.req.text()));
      if (!body.success)
        return badBody(context, 'code, verifier and nonce must be of one sign-in.');
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
    },

    resume: async (context) => {
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
    },

    end: async (context) => {
      cookie.clear(context);
      return context.body(null, 204);
    },
  };
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
