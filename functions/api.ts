import type { Hono } from 'hono';
import type { McpServer } from './model/mcpserver.ts';
import { secretsOfApi } from './model/secret-names.ts';
import type { Environment } from './model/setting-reader.ts';
import { defined } from './model/defined.ts';
import type { Variables } from './routes/bearer.ts';
import { composeApi } from './routes/compose.ts';
import { functionUrlHandler } from './routes/function-url.ts';
import { keyRoutes } from './routes/key-routes.ts';
import { sessionRoutes } from './routes/session-routes.ts';
import { readApiSettings } from './settings.ts';
import { lineWriter } from './telemetry/log.ts';
import { createClients } from './wiring/api-clients.ts';
import { livePageRoutes } from './wiring/live-page-routes.ts';
import { madeFromSecrets, type ReadAgain } from './wiring/secrets.ts';
import { serverPorts } from './wiring/server-ports.ts';
import { signInFacts } from './wiring/sign-in-facts.ts';
import { tokenVerifiers } from './wiring/token-verifiers.ts';

/**
 * The endpoint by its settings. Sends nothing yet. Throws `SettingError` or `ClusterError`, whose
 * message says what to do.
 */
export function createApi(
  environment: Environment,
  readAgain?: ReadAgain,
): Hono<{ Variables: Variables }> {
  const settings = readApiSettings(environment);
  const clients = createClients(settings, { log, now, readAgain });
  const verifiers = tokenVerifiers(settings);
  const { verify, verifyIdToken } = verifiers;
  const facts = signInFacts(settings, clients);
  return composeApi(
    defined({
      facts,
      verify: (token: string) => {
        // Loads while the keys of the issuer are on their way: most requests with a token need it.
        clients.store().catch(() => {});
        return verify(token);
      },
      log,
      servers: serverPorts(settings, clients),
      changesOf: async ({ uid }: Pick<McpServer, 'uid'>) => (await clients.history()).list(uid),
      sessions: sessionRoutes(clients.signInPorts),
      keys: keyRoutes(async () => ({
        ...(await clients.signInPorts()),
        ...(await clients.store()),
        verifyIdToken,
      })),
      live: settings.livePage
        ? livePageRoutes(settings, clients, { ...verifiers, ...facts })
        : undefined,
    }),
  );
}

const log = lineWriter('api');

const now = () => new Date();

type Answer = ReturnType<typeof functionUrlHandler>;
let answer: (() => Promise<Answer>) | undefined;

/**
 * Handler of the endpoint. It is made on the first request, so that a missing setting is in the log
 * of the request and not a failed start; and again when a secret has changed.
 */
export const handler: Answer = async (event, context) => {
  // AWS says at which address the function was called. The address is not known before, and no
  // caller can forge it.
  const ownUrl =
    'domainName' in event.requestContext ? `https://${event.requestContext.domainName}` : undefined;
  answer ??= madeFromSecrets({
    environment: { PUBLIC_URL: ownUrl, ...process.env },
    namesFor: secretsOfApi,
    make: (environment, readAgain) => functionUrlHandler(createApi(environment, readAgain)),
    log,
    now,
  });
  return (await answer())(event, context);
};
