import { Hono } from 'hono';
import { ClusterError } from '../model/cluster-error.ts';
import { accessGate } from './access.ts';
import { bearer, type BearerPorts, type Variables } from './bearer.ts';
import { discoveryRoutes, type SignInFacts } from './discovery-routes.ts';
import { problemResponse } from './problem.ts';
import { serverRoutes, type ServerPorts } from './server-routes.ts';

/** Everything the endpoint needs from outside. */
export type ApiPorts = {
  readonly facts: SignInFacts;
  readonly verify: BearerPorts['verify'];
  readonly log: BearerPorts['log'];
  readonly servers: ServerPorts;
  /** The routes of the sign-in flow. */
  readonly sessions?: Hono<{ Variables: Variables }>;
  /** The routes of the keys of people's machines. */
  readonly keys?: Hono<{ Variables: Variables }>;
};

/** Puts the routes together: who asks, then the route, then any error as a problem document. */
export function composeApi({
  facts,
  verify,
  log,
  servers,
  sessions,
  keys,
}: ApiPorts): Hono<{ Variables: Variables }> {
  const api = new Hono<{ Variables: Variables }>();
  api.use('/v1/*', async (context, next) => {
    await next();
    // An answer is for one person only, so nothing on the way may cache it.
    if (!context.res.headers.has('cache-control'))
      context.res.headers.set('cache-control', 'no-store');
  });
  api.use('/v1/*', bearer({ verify, publicUrl: facts.publicUrl, log }));
  if (servers.maySee !== undefined)
    api.use('/v1/mcpservers/:namespace/:name/*', accessGate(servers.maySee));
  api.route('/', discoveryRoutes(facts));
  api.route('/', serverRoutes(servers));
  if (sessions !== undefined) api.route('/', sessions);
  if (keys !== undefined) api.route('/', keys);
  api.notFound((context) =>
    problemResponse(context, {
      status: 404,
      title: 'No such route',
      hint: 'See GET /v1/openapi.json for all routes.',
    }),
  );
  api.onError((error, context) => {
    const { method, path } = context.req;
    log({
      level: 'error',
      message: 'request failed',
      method,
      path,
      error: error.name,
      detail: withoutTokens(error.message),
    });
    if (error instanceof ClusterError) {
      return problemResponse(context, {
        status: 503,
        title: 'The cluster is unavailable',
        hint: 'Try again in a minute. If the error persists, check the logs of the api function.',
      });
    }
    return problemResponse(context, {
      status: 500,
      title: 'Internal error',
      hint: 'Try again. If the error persists, check the logs of the api function.',
    });
  });
  return api;
}

/** An error we did not make may quote its input: tokens, JWTs, and the queries of addresses. */
const withoutTokens = (text: string): string =>
  text.replace(/(?<=Bearer )\S+|eyJ[\w.-]+|(?<=\?)\S+/gi, '[left out]');
