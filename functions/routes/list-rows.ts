/** The rows of the list: what a person may see of the MCPServers of the cluster. */
import type { Malformed, McpServer, Page, PageResult } from '../model/mcpserver.ts';
import type { Caller, Person } from '../sessions/person.ts';
import type { Row, Session } from '../model/wire/server-wire.ts';
import type { AccessRefusal, MaySee } from './access.ts';
import { defined } from '../model/defined.ts';
import { rowOf } from '../sessions/row.ts';

export type RowPorts = {
  readonly now: () => Date;
  /** Without a namespace: all of them. Without a selector: all labels. */
  readonly listPage: (wanted: ListWanted) => Promise<PageResult>;
  /** This person's session with each of the servers, by uid. */
  readonly sessionsOf: (
    person: Person,
    servers: readonly McpServer[],
  ) => Promise<ReadonlyMap<string, Session>>;
  readonly heartbeatMs: number;
  /**
   * Whether the cluster would let a person get the MCPServers of a namespace. Absent: everyone
   * signed in sees all.
   */
  readonly maySee?: MaySee;
};

export type ListWanted = {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly limit: number;
  readonly continue?: string;
};

export type ListedRows =
  | {
      readonly kind: 'rows';
      readonly rows: readonly Row[];
      readonly malformed: readonly Malformed[];
      readonly continue?: string;
      /** Requests to the cluster that it took. */
      readonly pages: number;
    }
  | { readonly kind: 'expired' }
  | AccessRefusal;

/** Lambda carries an answer of at most 6 MB, as a text inside JSON. */
const mostRowBytes = 5_000_000;

/** Of one request to the cluster, whose answer is read up to 8 MiB. */
const clusterLimit = 500;

/** While the cluster is slow an answer has fewer rows: its caller waits 15 s, the function 20 s. */
const longestMs = 3_000;

/**
 * Up to `limit` MCPServers, in as many pages of the cluster as that takes. Fewer where they are too
 * many bytes for one answer, or where the cluster is slow: `continue` then begins behind them.
 */
export async function listRows(
  ports: RowPorts,
  caller: Caller | undefined,
  wanted: ListWanted,
  withoutConditions = false,
): Promise<ListedRows> {
  const endsAt = ports.now().getTime() + longestMs;
  const rows: Row[] = [];
  const malformed: Malformed[] = [];
  const answer = (next: string | undefined) =>
    defined({ kind: 'rows', rows, malformed, continue: next, pages });
  let token = wanted.continue;
  let bytes = 0;
  let pages = 0;
  for (let left = wanted.limit; ; left -= clusterLimit) {
    const read = await pageWithin(mostRowBytes, Math.min(clusterLimit, left), (limit) =>
      readRows(ports, caller, defined({ ...wanted, limit, continue: token }), withoutConditions),
    );
    if (read.kind !== 'page') return read;
    pages += 1;
    if (bytes > 0 && bytes + read.bytes > mostRowBytes) return answer(token);
    rows.push(...read.rows);
    malformed.push(...read.page.malformed);
    bytes += read.bytes;
    token = read.page.continue;
    const isFull = left <= clusterLimit || bytes + read.bytes > mostRowBytes;
    if (token === undefined || isFull || ports.now().getTime() >= endsAt) return answer(token);
  }
}

type ReadRows =
  | {
      readonly kind: 'page';
      readonly page: Page;
      readonly rows: readonly Row[];
      /** How many MCPServers the cluster gave, hidden ones included. */
      readonly count: number;
      /** Of the rows, as they cross the wire. */
      readonly bytes: number;
    }
  | { readonly kind: 'expired' }
  | AccessRefusal;

/**
 * The rows of a page, fewer of them where all are too many bytes: the page is read again with
 * as many MCPServers as fit, so that `continue` begins behind them.
 */
async function pageWithin(
  mostBytes: number,
  limit: number,
  readUpTo: (limit: number) => Promise<ReadRows>,
): Promise<ReadRows> {
  for (let wanted = limit; ; ) {
    const read = await readUpTo(wanted);
    if (read.kind !== 'page' || read.count <= 1 || read.bytes <= mostBytes) return read;
    wanted = Math.max(1, Math.floor((read.count * mostBytes) / read.bytes / 2));
  }
}

async function readRows(
  ports: RowPorts,
  caller: Caller | undefined,
  wanted: ListWanted,
  withoutConditions: boolean,
): Promise<ReadRows> {
  const read = await pageFor(ports, caller, wanted);
  if (read.kind === 'expired') return { kind: 'expired' };
  if (read.kind !== 'page') return read;
  const visible = await visibleOf(ports, read.page, caller);
  if (visible.kind !== 'page') return visible;
  const { page } = visible;
  const rows = await rowsOf(ports, page.servers, caller?.person, withoutConditions);
  const count = read.page.servers.length + read.page.malformed.length;
  return { kind: 'page', page, rows, count, bytes: bytesInJson([rows, page.malformed]) };
}

const bytesInJson = (answer: unknown): number =>
  Buffer.byteLength(JSON.stringify(JSON.stringify(answer)));

/**
 * The page of the cluster. A namespace that the person may not see is not listed at all: its
 * `continue` would distinguish it from one that does not exist.
 */
async function pageFor(
  { maySee, listPage }: RowPorts,
  caller: Caller | undefined,
  wanted: ListWanted,
): Promise<PageResult | AccessRefusal> {
  if (maySee !== undefined && caller !== undefined && wanted.namespace !== undefined) {
    const seen = await maySee(caller, wanted.namespace, 'named');
    if (seen.kind !== 'known') return seen;
    if (!seen.allowed) return { kind: 'page', page: { servers: [], malformed: [] } };
  }
  return listPage(wanted);
}

type Visible = { readonly kind: 'page'; readonly page: Page } | AccessRefusal;

/** What of a page the person may see: one question per namespace. */
async function visibleOf(
  { maySee }: RowPorts,
  page: Page,
  caller: Caller | undefined,
): Promise<Visible> {
  if (maySee === undefined || caller === undefined) return { kind: 'page', page };
  const namespaces = [
    ...new Set([...page.servers, ...page.malformed].map(({ namespace }) => namespace)),
  ];
  const allowed = new Set<string>();
  const answers = await Promise.all(
    namespaces.map(async (namespace) => ({
      namespace,
      seen: await maySee(caller, namespace, 'listed'),
    })),
  );
  for (const { namespace, seen } of answers) {
    if (seen.kind !== 'known') return seen;
    if (seen.allowed) allowed.add(namespace);
  }
  const isAllowed = ({ namespace }: { readonly namespace: string }): boolean =>
    allowed.has(namespace);
  return {
    kind: 'page',
    page: {
      ...page,
      servers: page.servers.filter(isAllowed),
      malformed: page.malformed.filter(isAllowed),
    },
  };
}

/** A row for each server, with the person's session if there is one. */
export async function rowsOf(
  ports: RowPorts,
  servers: readonly McpServer[],
  person: Person | undefined,
  withoutConditions = false,
): Promise<Row[]> {
  const sessions =
    person === undefined ? new Map<string, Session>() : await ports.sessionsOf(person, servers);
  const now = ports.now();
  return servers.map((server) => {
    const session = sessions.get(server.uid);
    return rowOf(
      server,
      defined({
        session,
        anonymous: person === undefined,
        withoutConditions,
        now,
        heartbeatMs: ports.heartbeatMs,
      }),
    );
  });
}
