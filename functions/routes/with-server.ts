import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { McpServer, ReadServer } from '../model/mcpserver.ts';
import { qualifiedName } from '../model/mcpserver.ts';
import { oneLine } from '../model/outside-text.ts';
import { problemResponse } from './problem.ts';

/** Reads the MCPServer of the path; behind it `context.var.server` is there. 404 without one. */
export const withServer = (read: ReadServer) =>
  createMiddleware<{ Variables: { server: McpServer } }, typeof serverPath>(
    async (context, next) => {
      const { namespace, name } = context.req.param();
      const server = await read(namespace, name);
      if (server === undefined) return noSuchServer(context, { namespace, name });
      context.set('server', server);
      await next();
      return undefined;
    },
  );

/** A namespace has at most 63 characters, a name 253. */
const longestName = 63 + 1 + 253;

/** Where the routes of one server begin. */
export const serverPath = '/v1/mcpservers/:namespace/:name';

export const noSuchServer = (
  context: Context,
  server: { readonly namespace: string; readonly name: string },
): Response =>
  problemResponse(context, {
    problem: 'no-such-server',
    // The caller wrote the name: it may be anything.
    detail: `There is no MCPServer ${oneLine(qualifiedName(server), longestName)}.`,
    hint: 'Run: muster list mcpserver',
  });
