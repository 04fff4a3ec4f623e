import { type Context, Hono } from 'hono';
import { TableUnavailable } from '../model/table-unavailable.ts';
import { tableUnavailable } from './limited.ts';
import { ClusterError, type ClusterFailure } from '../model/cluster-error.ts';
import { qualifiedName } from '../model/mcpserver.ts';
import { oneLine, oneLineWithoutSecrets } from '../model/outside-text.ts';
import { accessGate } from './access.ts';
import { bearer, type BearerPorts, type Variables } from './bearer.ts';
import { type ChangePorts, changeRoutes } from './change-routes.ts';
import { discoveryRoutes, type SignInFacts } from './discovery-routes.ts';
import { problemResponse, retryAfter } from './problem.ts';
import { serverRoutes, type ServerPorts } from './server-routes.ts';

/** Everything the endpoint needs from outside. */
export type ApiPorts = {
  readonly facts: SignInFacts;
  readonly verify: BearerPorts['verify'];
  readonly log: BearerPorts['log'];
  readonly servers: ServerPorts;
  /** Without it, no changes are kept. */
  readonly changesOf?: ChangePorts['changesOf'];
  /** The routes of the sign-in flow. */
  readonly sessions?: Hono<{ Variables: Variables }>;
  /** The routes of the keys of people's machines. */
  readonly keys?: Hono<{ Variables: Variables }>;
  /** The routes of the live page. */
  readonly live?: Hono<{ Variables: Variables }>;
};

/** Puts the routes together: who asks, then the route, then any error as a problem document. */
export function composeApi({
  facts,
  verify,
  log,
  servers,
  changesOf,
  sessions,
  keys,
  live,
}: ApiPorts): Hono<{ Variables: Variables }> {
  const api = new Hono<{ Variables: Variables }>();
  api.use('*', async (context, next) => {
    // Problem documents name the page about them.
    if (servers.siteUrl !== undefined) context.set('siteUrl', servers.siteUrl);
    await next();
    // Text from outside in JSON must not become a page in an old browser.
    context.res.headers.set('x-content-type-options', 'nosniff');
  });
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
  if (changesOf !== undefined) api.route('/', changeRoutes({ ...servers, changesOf }));
  if (sessions !== undefined) api.route('/', sessions);
  if (keys !== undefined) api.route('/', keys);
  if (live !== undefined) api.route('/', live);
  api.notFound((context) =>
    problemResponse(context, {
      problem: 'no-such-route',
      hint: 'See GET /v1/openapi.json for all routes.',
    }),
  );
  api.onError((error, context) => {
    logFailure(log, context, error);
    if (error instanceof ClusterError) return clusterProblem(context, error.failure);
    if (error instanceof TableUnavailable) return tableUnavailable(context);
    return problemResponse(context, {
      problem: 'internal-error',
      hint: 'Try again. If the error persists, check the logs of the api function.',
    });
  });
  return api;
}

const longestDetail = 1_024;

/** Our own errors are safe as they are; any other may quote its input. */
function logFailure(log: BearerPorts['log'], { req }: Context, error: Error): void {
  const isOurs = error instanceof ClusterError || error instanceof TableUnavailable;
  // In the pause after a failure there is nothing new to report.
  if (error instanceof ClusterError && error.failure.reason === 'paused') return;
  log({
    level: 'error',
    message: 'request failed',
    method: oneLine(req.method, 20),
    path: oneLine(req.path, longestDetail),
    error: error.name,
    detail: isOurs
      ? oneLine(error.message, longestDetail)
      : oneLineWithoutSecrets(error.message, longestDetail),
  });
}

/** What a manifest has in it is no failure of the cluster. */
function clusterProblem(context: Context, failure: ClusterFailure): Response {
  if (failure.reason === 'malformedServer')
    return problemResponse(context, {
      problem: 'malformed-server',
      detail: `MCPServer ${qualifiedName(failure)} has a field that cannot be used.`,
      hint: `Run: kubectl edit mcpserver ${failure.name} --namespace ${failure.namespace}`,
    });
  return problemResponse(
    context,
    {
      problem: 'cluster-unavailable',
      hint: 'Try again in a minute. If the error persists, check the logs of the api function.',
    },
    { 'retry-after': retryAfter(failure.reason === 'paused' ? failure.retryAfterMs : 60_000) },
  );
}
