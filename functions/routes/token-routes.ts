import { type Context, Hono } from 'hono';
import { defined } from '../model/defined.ts';
import { parseJson } from '../model/json.ts';
import { type McpServer, qualifiedName } from '../model/mcpserver.ts';
import { type ReleasedToken, tokenRequestSchema } from '../model/wire/session-wire.ts';
import type { Audit } from '../model/audit-event.ts';
import type { ReadServer } from '../model/mcpserver.ts';
import { aboutServer, releaseEvent } from '../sessions/audit-of.ts';
import { type ReleasePorts, type ReleaseResult, releaseToken } from '../sessions/token-release.ts';
import { requirePerson, type Variables } from './bearer.ts';
import { limitResponse } from './limited.ts';
import { problemResponse, retryAfter } from './problem.ts';
import { type ProofPorts, requireProof } from './require-proof.ts';
import { serverPath, withServer } from './with-server.ts';

export type TokenPorts = ReleasePorts &
  ProofPorts & { readonly readServer: ReadServer; readonly audit: Audit };

/**
 * The route that releases a person's access token to the person's own machine: a token that was
 * only seen makes no proof, and so gets none.
 */
export function tokenRoutes(load: () => Promise<TokenPorts>): Hono<{ Variables: Variables }> {
  const theServer = withServer(async (...name) => (await load()).readServer(...name));
  const routes = new Hono<{ Variables: Variables }>();
  routes.post(
    `${serverPath}/session/token`,
    requirePerson,
    requireProof(load),
    theServer,
    async (context) => {
      const ports = await load();
      const text = await context.req.text();
      const body = tokenRequestSchema.safeParse(text === '' ? {} : parseJson(text));
      if (!body.success) return badBody(context);
      const { caller, server, thumbprint } = context.var;
      const asked = defined({ thumbprint, ...body.data });
      const result = await releaseToken(ports, server, caller, asked);
      if (result.kind === 'released')
        ports.audit(releaseEvent(aboutServer(caller.person, server), thumbprint, result));
      return releaseAnswer(context, server, ports.now(), result);
    },
  );
  return routes;
}

function releaseAnswer(
  context: Context,
  server: McpServer,
  now: Date,
  result: ReleaseResult,
): Response {
  const name = qualifiedName(server);
  switch (result.kind) {
    case 'released': {
      const { url, grant, accessToken, generation } = result;
      return released(
        context,
        defined({
          url,
          type: server.type,
          kind: 'token',
          tokenType: 'Bearer',
          accessToken,
          expiresAt: grant.expiresAt?.toISOString(),
          scopes: [...grant.scopes],
          generation,
        }),
      );
    }
    case 'open':
    case 'forwarded':
      return released(context, { url: result.url, type: server.type, kind: result.kind });
    case 'notReleased':
      return problemResponse(context, {
        problem: 'tokens-not-released',
        detail: result.message,
        hint: `The owner of the endpoint can allow it with the setting ${result.setting}.`,
      });
    case 'unusable':
      return problemResponse(context, {
        problem: 'server-unusable',
        title: `${name} cannot be used from your machine`,
        detail: result.message,
        hint: `Ask the owner of the MCPServer ${name} to change it.`,
      });
    case 'noSession': {
      const { status, message, hint } = result.session;
      return problemResponse(context, {
        problem: 'no-session',
        title: `You are not signed in to ${name} (${status})`,
        hint: `Run: ${hint ?? `muster auth login --server ${name}`}`,
        ...defined({ detail: message }),
      });
    }
    case 'retryLater': {
      const waitMs = Math.max((result.retryAt ?? inAMinute(now)).getTime() - now.getTime(), 1_000);
      const seconds = retryAfter(waitMs);
      return problemResponse(
        context,
        {
          problem: 'refresh-later',
          title: `The session with ${name} cannot be refreshed now`,
          detail: result.message,
          hint: `Your session stays. Try again in ${seconds} seconds.`,
        },
        { 'retry-after': seconds },
      );
    }
    case 'limited':
      return limitResponse(context, result.limit, result.refused);
  }
}

const inAMinute = (now: Date): Date => new Date(now.getTime() + 60_000);

function released(context: Context, token: ReleasedToken): Response {
  context.header('cache-control', 'no-store');
  return context.json<ReleasedToken>(token);
}

const badBody = (context: Context): Response =>
  problemResponse(context, {
    problem: 'invalid-body',
    detail: 'stale and refused must be the generation of a token, if they are present.',
    hint: 'See GET /v1/openapi.json for the fields of the body.',
  });
