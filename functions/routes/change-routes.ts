import { Hono } from 'hono';
import type { PastChange } from '../model/bus-events.ts';
import { defined } from '../model/defined.ts';
import { anonymousLists } from '../model/limits.ts';
import type { McpServer } from '../model/mcpserver.ts';
import type { Changes } from '../model/wire/server-wire.ts';
import { signInRequired, type Variables } from './bearer.ts';
import { tooMany } from './limited.ts';
import { processLimit } from './process-limit.ts';
import type { ServerPorts } from './server-routes.ts';
import { serverPath, withServer } from './with-server.ts';

export type ChangePorts = Pick<ServerPorts, 'now' | 'readServer' | 'anonymousList'> & {
  /** The last changes of the server, newest first. Throws `TableUnavailable`. */
  readonly changesOf: (server: McpServer) => Promise<readonly PastChange[]>;
};

/** The last changes of one server, for everyone who may see the server in the list. */
export function changeRoutes({
  now,
  readServer,
  anonymousList,
  changesOf,
}: ChangePorts): Hono<{ Variables: Variables }> {
  const anonymous = processLimit(anonymousLists);
  const routes = new Hono<{ Variables: Variables }>();
  routes.get(
    `${serverPath}/events`,
    async (context, next) => {
      if (context.var.caller !== undefined) return next();
      if (!anonymousList) return signInRequired(context);
      const taken = anonymous(now());
      if (taken.kind === 'allowed') return next();
      const { count } = anonymousLists;
      return tooMany(context, {
        title: 'Too many requests without a token',
        detail: `One process answers ${String(count)} requests for changes without a token in 1 minute.`,
        retryAfterMs: taken.retryAfterMs,
      });
    },
    withServer(readServer),
    async (context) => {
      const isAnonymous = context.var.caller === undefined;
      const changes = await changesOf(context.var.server);
      return context.json<Changes>({
        items: changes.map(({ at, from, to, reason, message }) =>
          defined({
            at: at.toISOString(),
            from,
            to,
            reason,
            message: isAnonymous ? undefined : message,
          }),
        ),
      });
    },
  );
  return routes;
}
