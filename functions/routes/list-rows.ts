/** The rows of the list: what a person may see of the MCPServers of the cluster. */
import type { Malformed, McpServer, Page, PageResult } from '../model/mcpserver.ts';
import type { Caller, Person } from '../sessions/person.ts';
import type { Row, Session } from '../model/wire/server-wire.ts';
import type { AccessRefusal, MaySee } from './access.ts';
import { defined } from '../model/defined.ts';
import { once } from '../model/once.ts';
import { rowOf } from '../sessions/row.ts';
import { bytesInString, type RowText, type RowTexts } from './row-texts.ts';

export type RowPorts = {
  readonly now: () => Date;
  /** Without a namespace: all of them. Without a selector: all labels. */
  readonly listPage: (wanted: ListWanted) => Promise<PageResult>;
  /**
   * Reads once what the person has, of one server only where it is named. It gives the function that
   * makes the person's session with each of those servers, by uid.
   */
  readonly sessionsOf: (person: Person, only?: McpServer) => Promise<SessionsOf>;
  readonly heartbeatMs: number;
  /**
   * Whether the cluster would let a person get the MCPServers of a namespace. Absent: everyone
   * signed in sees all.
   */
  readonly maySee?: MaySee;
};

export type SessionsOf = (servers: readonly McpServer[]) => ReadonlyMap<string, Session>;

export type ListWanted = {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly limit: number;
  readonly continue?: string;
};

export type ListedRows =
  | {
      readonly kind: 'rows';
      readonly rows: readonly RowText[];
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

/** Who asks for which rows, in which form. */
export type RowRequest = {
  readonly caller: Caller | undefined;
  readonly wanted: ListWanted;
  readonly texts: RowTexts;
};

/**
 * Up to `limit` MCPServers, in as many pages of the cluster as that takes. Fewer where they are too
 * many bytes for one answer, or where the cluster is slow: `continue` then begins behind them. What
 * the person has is read once, beside the first page.
 */
export async function listRows(ports: RowPorts, request: RowRequest): Promise<ListedRows> {
  const { caller, wanted } = request;
  const endsAt = ports.now().getTime() + longestMs;
  const rows: RowText[] = [];
  const malformed: Malformed[] = [];
  const answer = (next: string | undefined) =>
    defined({ kind: 'rows', rows, malformed, continue: next, pages });
  const sessions = once(async () => caller && ports.sessionsOf(caller.person));
  let token = wanted.continue;
  let bytes = 0;
  let pages = 0;
  for (let left = wanted.limit; ; left -= clusterLimit) {
    const read = await pageWithin(mostRowBytes, Math.min(clusterLimit, left), (limit) =>
      readRows(ports, sessions, {
        ...request,
        wanted: defined({ ...wanted, limit, continue: token }),
      }),
    );
    if (read.kind !== 'page') return read;
    pages += 1;
    if (bytes > 0 && bytes + read.bytes > mostRowBytes) return answer(token);
    for (const row of read.rows) rows.push(row);
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
      readonly rows: readonly RowText[];
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
  sessions: () => Promise<SessionsOf | undefined>,
  { caller, wanted, texts }: RowRequest,
): Promise<ReadRows> {
  const [read, sessionsOf] = await Promise.all([pageFor(ports, caller, wanted), sessions()]);
  if (read.kind === 'expired') return { kind: 'expired' };
  if (read.kind !== 'page') return read;
  const visible = await visibleOf(ports, read.page, caller);
  if (visible.kind !== 'page') return visible;
  const { page } = visible;
  // Only of what the person may see: a name that is there twice has its namespace in the hint.
  const byUid = sessionsOf?.(page.servers);
  const now = ports.now();
  const rows = page.servers.map((server) => texts(server, byUid?.get(server.uid), now));
  const count = read.page.servers.length + read.page.malformed.length;
  return { kind: 'page', page, rows, count, bytes: bytesOf(rows, page.malformed) };
}

const bytesOf = (rows: readonly RowText[], malformed: readonly Malformed[]): number =>
  rows.reduce((sum, { bytes }) => sum + bytes + 1, bytesInString(JSON.stringify(malformed)));

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

/** The row of one server, with the person's session if there is one. */
export async function rowFor(
  ports: Pick<RowPorts, 'now' | 'sessionsOf' | 'heartbeatMs'>,
  server: McpServer,
  person: Person | undefined,
): Promise<Row> {
  const sessionsOf = person && (await ports.sessionsOf(person, server));
  const { heartbeatMs } = ports;
  const session = sessionsOf?.([server]).get(server.uid);
  const anonymous = person === undefined;
  return rowOf(server, defined({ session, anonymous, now: ports.now(), heartbeatMs }));
}
