import { Hono } from 'hono';
import { version } from '../model/version.ts';
import type { Health } from '../model/wire/endpoint-wire.ts';
import type { Config } from '../model/wire/person-wire.ts';
import { openApi } from './openapi.ts';
import { requirePerson, type Variables } from './bearer.ts';
import { meOf } from '../sessions/row.ts';

/** What a client needs to know to sign a person in. */
export type SignInFacts = Omit<Config, 'audienceScopes'> & {
  /** Address of the endpoint, without a slash at its end. */
  readonly publicUrl: string;
  /** Scopes that give the person's token the audiences that servers require at the moment. */
  readonly audienceScopes: () => Promise<readonly string[]>;
};

/** The routes that say who the caller is, how to sign in, and which routes there are. */
export function discoveryRoutes({
  publicUrl,
  audienceScopes,
  ...config
}: SignInFacts): Hono<{ Variables: Variables }> {
  return new Hono<{ Variables: Variables }>()
    .get('/v1/me', requirePerson, (context) => context.json(meOf(context.var.caller.person)))
    .get('/v1/config', async (context) => {
      const added = [...(await audienceScopes())];
      const scopes = [...config.scopes, ...added];
      return context.json<Config>({ ...config, scopes, audienceScopes: added });
    })
    .get('/v1/openapi.json', (context) => context.json(openApi(publicUrl)))
    .get('/.well-known/oauth-protected-resource', (context) =>
      // RFC 9728, section 2.
      context.json({
        resource: publicUrl,
        authorization_servers: [config.issuer],
        bearer_methods_supported: ['header'],
        scopes_supported: [...config.scopes, ...(config.optionalScopes ?? [])],
        resource_name: 'muster',
      }),
    )
    .get('/healthz', (context) => context.json<Health>({ status: 'ok', version }));
}
