import { Hono } from 'hono';
import { ClusterError } from '../model/cluster-error.ts';
import { accessGate } from './access.ts';
import { bearer, type BearerPorts, type Variables } from './bearer.ts';
import { discoveryRoutes, type SignInFacts } from './discovery-routes.ts';
import { problemResponse } from './problem.ts';
import { serverRoutes, type ServerPorts } from './server-routes.ts';

/** Everything the Function URL needs from outside. */
export type ApiPorts = {
  readonly facts: SignInFacts;
  readonly verify: BearerPorts['verify'];
  readonly log: BearerPorts['log'];
  readonly servers: ServerPorts;
  /** The routes of the sign-in story. */
  readonly sessions?: Hono<{ Variables: Variables }>;
};

/**
 * Puts the routes together: who asks, then the route, then whatever went wrong as a problem
 * document.
 */
export function composeApi({
  facts,
  verify,
  log,
  servers,
  sessions,
}: ApiPorts): Hono<{ Variables: Variables }> {
  const api = new Hono<{ Variables: Variables }>();
  api.use('/v1/*', async (context, next) => {
    await next();
    // What one person may see is nobody else's to keep.
    if (!context.res.headers.has('cache-control'))
      context.res.headers.set('cache-control', 'no-store');
  });
  api.use('/v1/*', bearer({ verify, publicUrl: facts.publicUrl, log }));
  if (servers.maySee !== undefined)
    api.use('/v1/mcpservers/:namespace/:name/*', accessGate(servers.maySee));
  api.route('/', discoveryRoutes(facts));
  api.route('/', serverRoutes(servers));
  if (sessions !== undefined) api.route('/', sessions);
  api.notFound((context) =>
    problemResponse(context, {
      status: 404,
      title: 'No such route',
      hint: 'GET /v1/openapi.json lists the routes.',
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
        title: 'The cluster cannot be asked',
        hint: 'Try again in a minute; if it stays so, the logs of the api function say why.',
      });
    }
    return problemResponse(context, {
      status: 500,
      title: 'Something went wrong on our side',
      hint: 'Try again; if it stays so, the logs of the api function say why.',
    });
  });
  return api;
}

/**
 * An error we did not make may quote what it was given: bearers, JWTs, and the queries of
 * addresses.
 */
const withoutTokens = (text: string): string =>
  text.replace(/(?<=Bearer )\S+|eyJ[\w.-]+|(?<=\?)\S+/gi, '[left out]');
