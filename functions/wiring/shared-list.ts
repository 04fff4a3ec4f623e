/** What the cluster said, shared between callers for a short time; never what a person may see. */
import type { PageResult } from '../model/mcpserver.ts';
import type { ListWanted } from '../routes/list-rows.ts';
import type { ServerPorts } from '../routes/server-routes.ts';
import { sharedReads } from '../routes/shared-reads.ts';
import { leastSize, mostKept, serverSize } from './server-size.ts';

type Sharing = { readonly now: () => Date; readonly freshMs: number };

/**
 * The same list for callers that ask for the same page within `freshMs`. Access rules, sessions and
 * what strangers may not see come after it, for each request.
 */
export function sharedLister(
  listPage: ServerPorts['listPage'],
  sharing: Sharing,
): ServerPorts['listPage'] {
  const shared = sharedReads<PageResult>({ ...sharing, sizeOf: pageSize, mostSize: mostKept });
  return (wanted) => shared(keyOf(wanted), () => listPage(wanted));
}

/** The same for when the last sweep began. That it is not known is asked again. */
export function sharedSweepTime(
  read: () => Promise<Date | undefined>,
  sharing: Sharing,
): () => Promise<Date | undefined> {
  const shared = sharedReads<Date | undefined>({
    ...sharing,
    sizeOf: (at) => (at === undefined ? undefined : 1),
    mostSize: 1,
  });
  return () => shared('', read);
}

/** A page may be of any labels and of any length: each of these is another page. */
const keyOf = ({ namespace, labelSelector, limit, continue: token }: ListWanted): string =>
  JSON.stringify([namespace, labelSelector, limit, token]);

/** A token that has expired is not kept: the cluster is asked again. */
const pageSize = (result: PageResult): number | undefined =>
  result.kind === 'page'
    ? result.page.servers.reduce((sum, server) => sum + serverSize(server), leastSize)
    : undefined;
