/** What the API server of a benchmark was asked since somebody last wanted to know. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import * as z from 'zod/mini';

export const tallySchema = z.object({
  /** By verb and resource, such as `list mcpservers`, `list mcpservers (names only)`. */
  requests: z.record(z.string(), z.number()),
  /** That the API server sent, with heads, as they were on the wire. */
  bytes: z.number(),
  /** From the first list to the first status that was written. */
  firstStatusMs: z.exactOptional(z.number()),
});
export type Tally = z.infer<typeof tallySchema>;

export function apiTally(): {
  readonly count: (request: IncomingMessage) => void;
  /** Returns the tally and begins again. */
  readonly take: () => Tally;
} {
  let requests: Record<string, number> = {};
  let firstList: number | undefined;
  let firstStatus: number | undefined;
  const sockets = new Map<Socket, number>();
  return {
    count: (request) => {
      const name = nameOf(request);
      requests[name] = (requests[name] ?? 0) + 1;
      if (!sockets.has(request.socket)) sockets.set(request.socket, request.socket.bytesWritten);
      if (name === 'list mcpservers') firstList ??= performance.now();
      if (name === 'patch mcpservers/status') firstStatus ??= performance.now();
    },
    take: () => {
      const tally = {
        requests,
        bytes: [...sockets].reduce(
          (sum, [socket, before]) => sum + socket.bytesWritten - before,
          0,
        ),
        ...(firstList !== undefined &&
          firstStatus !== undefined && { firstStatusMs: firstStatus - firstList }),
      };
      for (const socket of sockets.keys()) {
        if (socket.destroyed) sockets.delete(socket);
        else sockets.set(socket, socket.bytesWritten);
      }
      requests = {};
      firstList = undefined;
      firstStatus = undefined;
      return tally;
    },
  };
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  PATCH: 'patch',
  DELETE: 'delete',
};

function nameOf({ method = '', url = '', headers }: IncomingMessage): string {
  const [path = ''] = url.split('?');
  const [, resource = path, name, status = ''] =
    /\/(mcpservers|leases|events)(?:\/([^/]+)(\/status)?)?$/.exec(path) ?? [];
  const verb = verbs[method] ?? (name === undefined ? 'list' : 'get');
  const form = headers.accept?.includes('PartialObjectMetadataList') ? ' (names only)' : '';
  return `${verb} ${resource}${status}${form}`;
}
