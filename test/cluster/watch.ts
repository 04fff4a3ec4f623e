import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import * as z from 'zod/mini';
import type { ApiServer } from './apiserver.ts';
import { defined } from '../../functions/model/defined.ts';

/** One version of one MCPServer. */
export type Seen = {
  readonly uid: string;
  readonly name: string;
  readonly generation: number;
  readonly state?: string;
  readonly lastAttempt?: number;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly observedGeneration?: number;
  }[];
};

const eventSchema = z.object({
  type: z.string(),
  object: z.object({
    metadata: z.object({ uid: z.string(), name: z.string(), generation: z.number() }),
    status: z._default(
      z.object({
        state: z.exactOptional(z.string()),
        lastAttempt: z.exactOptional(z.string()),
        conditions: z._default(
          z.array(
            z.object({
              type: z.string(),
              status: z.string(),
              observedGeneration: z.exactOptional(z.number()),
            }),
          ),
          [],
        ),
      }),
      { conditions: [] },
    ),
  }),
});

/** Watches every MCPServer from now on; `end` gives all versions, in their order. */
export async function watchServers(
  server: ApiServer,
): Promise<{ readonly end: () => Promise<readonly Seen[]> }> {
  const dispatcher = new Agent({ connect: { ca: server.caPem }, bodyTimeout: 0 });
  const path =
    '/apis/muster.giantswarm.io/v1alpha1/mcpservers?watch=true&allowWatchBookmarks=false';
  const reply = await fetch(`${server.url}${path}`, {
    dispatcher,
    headers: { authorization: `Bearer ${server.adminToken}` },
  });
  const { body } = reply;
  if (!body) throw new Error('The watch has no body.');
  const seen: Seen[] = [];
  const reading = (async () => {
    for await (const line of createInterface({ input: Readable.fromWeb(body) })) {
      const { type, object } = eventSchema.parse(JSON.parse(line));
      if (type !== 'ADDED' && type !== 'MODIFIED') continue;
      const { state, lastAttempt, conditions } = object.status;
      seen.push(
        defined({
          ...object.metadata,
          state,
          lastAttempt: lastAttempt === undefined ? undefined : Date.parse(lastAttempt),
          conditions,
        }),
      );
    }
  })().catch(() => undefined);
  return {
    end: async () => {
      await wait(1000);
      await dispatcher.destroy();
      await reading;
      return seen;
    },
  };
}
