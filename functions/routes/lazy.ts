import { Hono, type MiddlewareHandler } from 'hono';
import type { Person } from '../sessions/person.ts';
import type { Variables } from './bearer.ts';
import { defined } from '../model/defined.ts';

type Inner = { Bindings: { readonly person?: Person }; Variables: Variables };

/** The routes of `sessionRoutes`; a test holds them against the contract. */
const signInPaths: readonly (readonly ['GET' | 'POST' | 'DELETE', string])[] = [
  ['GET', '/.well-known/oauth-client'],
  ['POST', '/v1/mcpservers/:namespace/:name/session'],
  ['POST', '/v1/mcpservers/:namespace/:name/session/complete'],
  ['POST', '/v1/mcpservers/:namespace/:name/session/verify'],
  ['DELETE', '/v1/mcpservers/:namespace/:name/session'],
  ['DELETE', '/v1/sessions'],
  ['GET', '/v1/oauth/callback'],
];

/** The routes of the sign-in story, loaded by the first request for one of them. */
export function lazyRoutes(
  load: () => Promise<Hono<{ Variables: Variables }>>,
): Hono<{ Variables: Variables }> {
  const routes = new Hono<{ Variables: Variables }>();
  const samePerson: MiddlewareHandler<Inner> = async (context, next) => {
    if (context.env.person !== undefined) context.set('person', context.env.person);
    await next();
  };
  for (const [method, path] of signInPaths) {
    routes.on(method, path, async (context) => {
      const inner = new Hono<Inner>().use(samePerson).route('/', await load());
      // What goes wrong inside is answered outside.
      inner.onError((error) => {
        throw error;
      });
      return inner.fetch(
        context.req.raw,
        defined({
          person: context.var.person,
        }),
      );
    });
  }
  return routes;
}
