import type { Server, Status } from '../server.ts';

/** What came of one status write. */
export type Written =
  | { readonly kind: 'written'; readonly resourceVersion: string }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly detail: string };

/** Writes `next` into `/status`, fenced by the `resourceVersion` that `server` was read with. */
export type PatchStatus = (server: Server, next: Status) => Promise<Written>;

/** Reads one MCPServer; undefined when there is none of that name. */
export type ReadServer = (namespace: string, name: string) => Promise<Server | undefined>;
