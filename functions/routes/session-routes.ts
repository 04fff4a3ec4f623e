import { type Context, Hono } from 'hono';
import * as z from 'zod/mini';
import type { McpServer } from '../model/mcpserver.ts';
import type { Person } from '../sessions/person.ts';
import { sessionOf } from '../sessions/session.ts';
import { callBack, completeSignIn, type SignInPorts, startSignIn } from '../sessions/signin.ts';
import {
  forgetDeleted,
  signOut,
  signOutEverywhere,
  type SignOutPorts,
} from '../sessions/signout.ts';
import { type VerifyResult, verifySession, type VerifyPorts } from '../sessions/verify.ts';
import {
  completeRequestSchema,
  type SessionAnswer,
  signInRequestSchema,
  type SignInStarted,
} from '../model/wire.ts';
import { callbackPage } from './callback-page.ts';
import { requirePerson, type Variables } from './bearer.ts';
import { problemResponse } from './problem.ts';
import { defined } from '../model/defined.ts';
import { qualifiedName } from '../model/mcpserver.ts';
import { parseJson } from '../model/json.ts';
import { noSuchServer } from './access.ts';

export type SessionPorts = SignInPorts &
  SignOutPorts &
  VerifyPorts & {
    readonly readServer: (namespace: string, name: string) => Promise<McpServer | undefined>;
    /** Our OAuth client metadata document, for issuers that read such. */
    readonly clientDocument: Readonly<Record<string, unknown>>;
  };

/**
 * The routes of the sign-in story. Who starts a sign-in ends it: the callback only parks the code.
 */
export function sessionRoutes(ports: SessionPorts): Hono<{ Variables: Variables }> {
  const routes = new Hono<{ Variables: Variables }>();
  routes.get('/.well-known/oauth-client', (context) => context.json(ports.clientDocument));

  routes.post('/v1/mcpservers/:namespace/:name/session', requirePerson, async (context) => {
    const body = signInRequestSchema.safeParse(await bodyOf(context));
    if (!body.success) return badBody(context, 'returnTo is text, or not there.');
    const { namespace, name } = context.req.param();
    const server = await ports.readServer(namespace, name);
    if (server === undefined) return noSuchServer(context, namespace, name);
    const started = await startSignIn(ports, server, context.var.person, body.data.returnTo);
    switch (started.kind) {
      case 'started':
        return context.json<SignInStarted>({
          authorizationUrl: started.authorizationUrl.href,
          expiresAt: started.expiresAt.toISOString(),
        });
      case 'badReturnTo':
        return badBody(
          context,
          'returnTo must be http on 127.0.0.1, [::1] or localhost, with a port.',
        );
      case 'nothingToSignInTo':
        return problemResponse(context, {
          status: 409,
          title: 'There is nothing to sign in to',
          detail: started.message,
          hint: 'Run: muster auth status',
        });
      case 'refused':
        return problemResponse(context, {
          status: 502,
          title: 'The sign-in could not be started',
          detail: started.message,
          hint: `Run: muster check ${qualifiedName(server)} --explain`,
        });
    }
  });

  routes.post(
    '/v1/mcpservers/:namespace/:name/session/complete',
    requirePerson,
    async (context) => {
      const body = completeRequestSchema.safeParse(await bodyOf(context));
      if (!body.success) return badBody(context, 'secret is the text that the browser was given.');
      const { namespace, name } = context.req.param();
      const server = await ports.readServer(namespace, name);
      if (server === undefined) return noSuchServer(context, namespace, name);
      await forgetDeleted(ports, context.var.person);
      const completed = await completeSignIn(ports, server, context.var.person, body.data.secret);
      const hint = `Run: muster auth login --server ${qualifiedName(server)}`;
      switch (completed.kind) {
        case 'completed':
          return answer(context, ports, server, completed);
        case 'unknown':
          return problemResponse(context, {
            status: 404,
            title: 'No such sign-in',
            detail: 'It is over, was completed before, or was started by somebody else.',
            hint,
          });
        case 'serverChanged':
          return problemResponse(context, {
            status: 409,
            title: 'The server has changed',
            detail: 'Its URL is another one than when the sign-in was started.',
            hint,
          });
        case 'refused':
          return problemResponse(context, {
            status: 502,
            title: 'The issuer did not grant it',
            detail: completed.message,
            hint,
          });
      }
    },
  );

  routes.post('/v1/mcpservers/:namespace/:name/session/verify', requirePerson, async (context) => {
    const { namespace, name } = context.req.param();
    const server = await ports.readServer(namespace, name);
    if (server === undefined) return noSuchServer(context, namespace, name);
    await forgetDeleted(ports, context.var.person);
    return answer(context, ports, server, await verifySession(ports, server, context.var.person));
  });

  routes.delete('/v1/mcpservers/:namespace/:name/session', requirePerson, async (context) => {
    const { namespace, name } = context.req.param();
    const server = await ports.readServer(namespace, name);
    if (server === undefined) return noSuchServer(context, namespace, name);
    await signOut(ports, context.var.person, server.uid);
    return answer(context, ports, server, {});
  });

  routes.delete('/v1/sessions', requirePerson, async (context) => {
    await signOutEverywhere(ports, context.var.person);
    return context.body(null, 204);
  });

  routes.get('/v1/oauth/callback', async (context) => {
    const query = callbackSchema.safeParse(context.req.query());
    if (!query.success) return callbackPage(context, { kind: 'unknown' });
    const { state, code, iss, error } = query.data;
    const isAnswer = code !== undefined && error === undefined;
    const called = await callBack(
      ports,
      state,
      isAnswer
        ? defined({
            code,
            iss,
          })
        : undefined,
    );
    if (called.kind === 'unknown' || called.signIn.returnTo === undefined)
      return callbackPage(context, called);
    return backTo(
      context,
      called.signIn.returnTo,
      called.kind === 'parked' ? { secret: called.secret } : { error: errorCode(error) },
    );
  });

  return routes;
}

// Longer than what any issuer sends, shorter than what a row may hold.
const text = z.string().check(z.minLength(1), z.maxLength(8_192));
const callbackSchema = z.object({
  state: text,
  code: z.optional(text),
  iss: z.optional(text),
  error: z.optional(z.string()),
});

/**
 * The registered codes look like this (RFC 6749, section 4.1.2.1); other text is nobody's to pass
 * on.
 */
const errorCode = (code = '') => (/^[a-z_]{1,40}$/.test(code) ? code : 'server_error');

/**
 * An empty body is an empty object: `POST .../session` needs none. Undefined for what is no JSON.
 */
async function bodyOf(context: Context): Promise<unknown> {
  const body = await context.req.text();
  return body === '' ? {} : parseJson(body);
}

function answer(
  context: Context<{ Variables: { person: Person } }>,
  { now, policy }: SessionPorts,
  server: McpServer,
  { grant, message }: VerifyResult,
): Response {
  const { namespace, name } = server;
  const session = sessionOf(server, context.var.person, grant, now(), { policy });
  // Whatever kept it from being told for sure is worth saying, once: it is not stored.
  const told =
    message === undefined || session.message !== undefined ? session : { ...session, message };
  return context.json<SessionAnswer>({ namespace, name, session: told });
}

/**
 * The browser goes to the page of the command line that started the sign-in; nothing about it stays
 * in its history for others.
 */
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
    status: 400,
    title: 'The request cannot be used',
    detail,
    hint: 'GET /v1/openapi.json says what it must look like.',
  });
