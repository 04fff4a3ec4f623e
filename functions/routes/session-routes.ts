import { type Context, Hono } from 'hono';
import * as z from 'zod/mini';
import type { McpServer } from '../model/mcpserver.ts';
import type { Caller } from '../sessions/person.ts';
import { sessionOf } from '../sessions/session.ts';
import {
  callBack,
  type CallbackResult,
  type CompleteResult,
  completeSignIn,
  type SignInPorts,
  startSignIn,
  type StartResult,
} from '../sessions/signin.ts';
import { inUseAt, lastUses, type LastUsePorts, withLastUse } from '../sessions/last-use.ts';
import type { ReleasePorts } from '../sessions/token-release.ts';
import { forgetDeleted, signOut, signOutEverywhere, type TidyPorts } from '../sessions/signout.ts';
import type { VerifyResult } from '../sessions/verification.ts';
import { verifySession, type VerifyPorts } from '../sessions/verify.ts';
import {
  completeRequestSchema,
  type InUse,
  type SessionAnswer,
  signInRequestSchema,
  type SignedOut,
  type SignInStarted,
} from '../model/wire/session-wire.ts';
import type { Audit, AuditEvent } from '../model/audit-event.ts';
import {
  aboutServer,
  callbackEvent,
  completeEvent,
  startEvent,
  verifyEvent,
} from '../sessions/audit-of.ts';
import type { TakeLimit } from '../sessions/rate-limits.ts';
import { limited } from './limited.ts';
import { callbackPage } from './callback-page.ts';
import { requirePerson, type Variables } from './bearer.ts';
import { problemResponse } from './problem.ts';
import { type ProofPorts, requireProof } from './require-proof.ts';
import { defined } from '../model/defined.ts';
import { qualifiedName } from '../model/mcpserver.ts';
import { knownErrorCode } from '../model/oauth-error-codes.ts';
import { parseJson } from '../model/json.ts';
import { tokenRoutes } from './token-routes.ts';
import { serverPath, withServer } from './with-server.ts';

export type SessionPorts = SignInPorts &
  TidyPorts &
  VerifyPorts &
  ProofPorts &
  ReleasePorts &
  LastUsePorts & {
    readonly takeLimit: TakeLimit;
    readonly audit: Audit;
    /** Our OAuth client metadata document, for issuers that read such. */
    readonly clientDocument: Readonly<Record<string, unknown>>;
  };

/**
 * The routes of the sign-in flow; the first request for one of them loads the ports. Every route
 * that changes something asks for a proof by the person's own machine. Only the person who started a sign-in can complete it: the callback only saves the code.
 */
export function sessionRoutes(load: () => Promise<SessionPorts>): Hono<{ Variables: Variables }> {
  const theServer = withServer(async (namespace, name) =>
    (await load()).readServer(namespace, name),
  );
  const proof = requireProof(load);
  // Behind the proof: a token alone cannot use up what its person may do.
  const takeLimit: TakeLimit = async (person, limit) => (await load()).takeLimit(person, limit);
  const mayStart = limited(takeLimit, 'signInStart');
  const mayVerify = limited(takeLimit, 'verification');
  const session = `${serverPath}/session` as const;
  const routes = new Hono<{ Variables: Variables }>();
  routes.get('/.well-known/oauth-client', async (context) =>
    context.json((await load()).clientDocument),
  );

  routes.post(session, requirePerson, proof, mayStart, theServer, async (context) => {
    const ports = await load();
    const body = signInRequestSchema.safeParse(await bodyOf(context));
    if (!body.success) return badBody(context, 'returnTo must be a string, if it is present.');
    const { caller, server } = context.var;
    const started = await startSignIn(ports, server, caller.person, body.data.returnTo);
    report(ports, startEvent(aboutServer(caller.person, server), started));
    return startAnswer(context, server, started);
  });

  routes.post(
    `${session}/complete`,
    requirePerson,
    proof,
    mayVerify,
    theServer,
    async (context) => {
      const ports = await load();
      const body = completeRequestSchema.safeParse(await bodyOf(context));
      if (!body.success)
        return badBody(context, 'secret must be the one-time secret that the browser received.');
      const { caller, server } = context.var;
      await forgetDeleted(ports, caller.person);
      const completed = await completeSignIn(ports, server, caller.person, body.data.secret);
      report(ports, completeEvent(aboutServer(caller.person, server), completed));
      return completeAnswer(context, ports, context.var, completed);
    },
  );

  routes.post(`${session}/verify`, requirePerson, proof, mayVerify, theServer, async (context) => {
    const ports = await load();
    const { caller, server } = context.var;
    await forgetDeleted(ports, caller.person);
    const verified = await verifySession(ports, server, caller);
    report(ports, verifyEvent(caller.person, server, verified, ports.policy));
    return sessionAnswer(context, ports, context.var, verified);
  });

  routes.delete(session, requirePerson, proof, theServer, async (context) => {
    const ports = await load();
    const { caller, server } = context.var;
    const releases = await signOut(ports, caller.person, server.uid);
    report(ports, { kind: 'signedOut', ...aboutServer(caller.person, server) });
    return sessionAnswer(context, ports, context.var, { inUse: inUseAt(releases, ports.now()) });
  });

  routes.delete('/v1/sessions', requirePerson, proof, async (context) => {
    const ports = await load();
    const { issuer, subject } = context.var.caller.person;
    const releases = await signOutEverywhere(ports, { issuer, subject });
    report(ports, { kind: 'signedOutEverywhere', person: { issuer, subject } });
    return context.json<SignedOut>(defined({ inUse: inUseAt(releases, ports.now()) }));
  });

  routes.get('/v1/oauth/callback/:issuer', async (context) => {
    const ports = await load();
    const query = callbackSchema.safeParse(context.req.query());
    if (!query.success) {
      report(ports, callbackEvent({ kind: 'unknown' }));
      return callbackPage(context, { kind: 'unknown' });
    }
    const { state, code, iss, error, error_description: description } = query.data;
    const isAnswer = code !== undefined && error === undefined;
    const answer = isAnswer ? defined({ code, iss }) : defined({ error, description });
    const called = await callBack(ports, context.req.param('issuer'), state, answer);
    report(ports, callbackEvent(called));
    if (called.kind === 'unknown' || called.signIn.returnTo === undefined)
      return callbackPage(context, called);
    return backTo(context, called.signIn.returnTo, broughtBack(called, error));
  });

  routes.route('/', tokenRoutes(load));
  return routes;
}

/** What the page that started the sign-in gets: the one-time secret, or a code of RFC 6749. */
function broughtBack(
  called: Exclude<CallbackResult, { kind: 'unknown' }>,
  error: string | undefined,
): Readonly<Record<string, string>> {
  switch (called.kind) {
    case 'parked':
      return { secret: called.secret };
    case 'declined':
      return { error: errorCode(error), error_description: called.message };
    case 'notNamed':
      return {
        error: 'invalid_request',
        error_description: 'The browser came back from another issuer (RFC 9207)',
      };
  }
}

function startAnswer(context: Context, server: McpServer, started: StartResult): Response {
  switch (started.kind) {
    case 'started':
      return context.json<SignInStarted>({
        authorizationUrl: started.authorizationUrl.href,
        expiresAt: started.expiresAt.toISOString(),
      });
    case 'badReturnTo':
      return badBody(
        context,
        'returnTo must be an http address on 127.0.0.1, [::1] or localhost with a port, or exactly the address of the live page.',
      );
    case 'nothingToSignInTo':
      return problemResponse(context, {
        problem: 'no-sign-in-started',
        detail: started.message,
        hint: 'Run: muster auth status',
      });
    case 'noTokens':
      return problemResponse(context, {
        problem: 'no-tokens',
        detail: started.message,
        hint: `Ask the owner of the MCPServer ${qualifiedName(server)} to change it.`,
      });
    case 'refused':
      return problemResponse(context, {
        problem: 'sign-in-not-started',
        detail: started.message,
        hint: `Run: muster check ${qualifiedName(server)} --sign-in`,
      });
  }
}

async function completeAnswer(
  context: Context,
  ports: SessionPorts,
  asked: Asked,
  completed: CompleteResult,
): Promise<Response> {
  // The command that completes a sign-in also starts one: its own name would lead nowhere.
  const hint = 'Start a new sign-in.';
  switch (completed.kind) {
    case 'completed':
      return sessionAnswer(context, ports, asked, completed);
    case 'unknown':
      return problemResponse(context, {
        problem: 'no-such-sign-in',
        detail: 'It has expired, was already completed, or was started by another person.',
        hint,
      });
    case 'serverChanged':
      return problemResponse(context, {
        problem: 'server-changed',
        detail: 'Its URL or its headers changed after the sign-in was started.',
        hint,
      });
    case 'refused':
      return problemResponse(context, {
        problem: 'sign-in-not-completed',
        detail: completed.message,
        hint,
      });
  }
}

const report = ({ audit }: SessionPorts, event: AuditEvent | undefined): void => {
  if (event !== undefined) audit(event);
};

/** Who asks about which server. */
type Asked = { readonly caller: Caller; readonly server: McpServer };

// Longer than what any issuer sends, shorter than what a row may hold.
const text = z.string().check(z.minLength(1), z.maxLength(8_192));
const callbackSchema = z.object({
  state: text,
  code: z.optional(text),
  iss: z.optional(text),
  error: z.optional(z.string()),
  error_description: z.optional(z.string()),
});

/** RFC 6749, section 4.1.2.1. Text without a known code is not passed on. */
const errorCode = (code: string | undefined) => knownErrorCode(code) ?? 'server_error';

/**
 * An empty body is an empty object, because `POST .../session` needs none. Undefined unless JSON.
 */
async function bodyOf(context: Context): Promise<unknown> {
  const body = await context.req.text();
  return body === '' ? {} : parseJson(body);
}

async function sessionAnswer(
  context: Context,
  ports: SessionPorts,
  { caller: { person }, server }: Asked,
  { grant, message, inUse }: VerifyResult & { readonly inUse?: InUse | undefined },
): Promise<Response> {
  const { namespace, name, uid } = server;
  const { now, policy, release } = ports;
  const used = release.isOn ? await lastUses(ports, person, uid) : undefined;
  const session = withLastUse(sessionOf(server, person, grant, now(), { policy }), used?.get(uid));
  // The doubt of this one request is reported with its answer and not stored.
  const reported =
    message === undefined || session.message !== undefined ? session : { ...session, message };
  return context.json<SessionAnswer>(defined({ namespace, name, session: reported, inUse }));
}

/** Sends the browser to the page that started the sign-in. No cache or referrer has the secret. */
function backTo(
  context: Context,
  returnTo: string,
  parameters: Readonly<Record<string, string>>,
): Response {
  const url = new URL(returnTo);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  context.header('cache-control', 'no-store');
  context.header('referrer-policy', 'no-referrer');
  return context.redirect(url.href, 303);
}

const badBody = (context: Context, detail: string): Response =>
  problemResponse(context, {
    problem: 'invalid-body',
    detail,
    hint: 'See GET /v1/openapi.json for the fields of the body.',
  });
