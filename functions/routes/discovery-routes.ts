import { Hono } from 'hono';
import type { Config } from '../model/wire.ts';
import { openApi } from './openapi.ts';
import { requirePerson, type Variables } from './bearer.ts';
import { meOf } from '../sessions/row.ts';

/** What a stranger has to know to become a person. */
export type SignInFacts = Config & {
  /** Address of the Function URL, without a slash at its end. */
  readonly publicUrl: string;
  /**
   * Scopes that make the person's token fit for servers it is forwarded to (`requiredAudiences`),
   * as they are declared now.
   */
  readonly audienceScopes: () => Promise<readonly string[]>;
};

/** The routes that tell who one is, how to sign in, and what else there is. */
export function discoveryRoutes({
  publicUrl,
  audienceScopes,
  ...config
}: SignInFacts): Hono<{ Variables: Variables }> {
  return new Hono<{ Variables: Variables }>()
    .get('/v1/me', requirePerson, (context) => context.json(meOf(context.var.person)))
    .get('/v1/config', async (context) =>
      context.json<Config>({ ...config, scopes: [...config.scopes, ...(await audienceScopes())] }),
    )
    .get('/v1/openapi.json', (context) => context.json(openApi(publicUrl)))
    .get('/.well-known/oauth-protected-resource', (context) =>
      // RFC 9728, section 2.
      context.json({
        resource: publicUrl,
        authorization_servers: [config.issuer],
        bearer_methods_supported: ['header'],
        scopes_supported: config.scopes,
        resource_name: 'muster',
      }),
    )
    .get('/healthz', (context) => context.json({ status: 'ok' }));
}
