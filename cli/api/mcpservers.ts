import type { ExplainedRow, Row } from '../../functions/model/wire/server-wire.ts';
import { isExplainedRow, isList } from './guards.ts';
import { CliError } from '../context.ts';
import { webAddress } from '../endpoint/web-address.ts';
import type { AnswerMemory } from './answer-memory.ts';
import { authorizedExchange, authorizedRequest, type Renewal } from './authorized-exchange.ts';
import { acceptedBody, RequestFailure } from './request.ts';
import { checkAddress } from './status-causes.ts';
import { defined } from '../../functions/model/defined.ts';
import type { ProofSigner } from './proof-signer.ts';
import { NameProblem, parseServerName, serverAmong, type ServerName } from './server-names.ts';

/** The endpoint, with a person's token or without one. */
export type Connection = {
  readonly endpoint: string;
  readonly bearer?: string;
  /** Absent: the token of this connection cannot be replaced. */
  readonly renewal?: Renewal;
  /** Absent: the sign-in has no key of this machine, and can only read. */
  readonly signer?: ProofSigner;
  /** The variable that brought the token, where no sign-in of this machine did. */
  readonly variable?: string;
  /** Without a token: the error of a request that requires one. */
  readonly notSignedIn?: () => Promise<CliError>;
};

export type Servers = {
  readonly rows: readonly Row[];
  /** MCPServers that the cluster holds but that cannot be read. */
  readonly problems: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly message: string;
  }[];
  /** Time of the last sweep, if that is longer ago than three ticks. */
  readonly stoppedSince?: Date;
  /** Addresses of the pages about reasons that have a next step. */
  readonly reasonPages: ReadonlyMap<string, string>;
};

/** How often a list is started when the cluster drops its snapshot half-way. */
const maxStarts = 3;

/** Above every cluster that was measured, and no burden for a laptop. */
const limits = {
  pageBytes: 16 * 1024 * 1024,
  listBytes: 128 * 1024 * 1024,
  pages: 2_000,
  totalMs: 120_000,
  requestMs: 15_000,
} as const;

/** The most that an endpoint takes; it gives as many as fit into one answer. */
const rowsOfAnswer = '5000';

/** Endpoints of before, which have at most 500 rows in an answer, and know no labels. */
const smallEndpoints = new Set<string>();

export type ListQuery = {
  /** Absent: all of them. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Without them the rows are half as long; an endpoint of before leaves none out. */
  readonly withConditions: boolean;
  /** Of a command that asks again: the same `Servers` while nothing has changed. */
  readonly memory?: AnswerMemory<Servers>;
};

/**
 * Lists MCPServers, answer by answer. Throws where the endpoint returns the same page again, or more
 * than 2,000 pages, 128 MB or two minutes of them.
 */
export async function listServers(connection: Connection, query: ListQuery): Promise<Servers> {
  const { endpoint } = connection;
  const { namespace, labelSelector, withConditions, memory } = query;
  const selection = defined({
    namespace,
    labelSelector,
    conditions: withConditions ? undefined : 'none',
  });
  try {
    if (!smallEndpoints.has(endpoint))
      return await wholeList(connection, { ...selection, limit: rowsOfAnswer }, memory);
  } catch (error) {
    if (!(error instanceof RequestFailure && error.status === 400)) throw error;
  }
  const servers = await wholeList(connection, selection, memory);
  smallEndpoints.add(endpoint);
  // It has ignored the labels.
  if (labelSelector !== undefined)
    throw new CliError(`${endpoint} cannot select by labels: it is older than this muster.`, {
      hint: 'Leave out -l, or ask the owner of the endpoint to update it.',
    });
  return servers;
}

async function wholeList(
  connection: Connection,
  selection: Readonly<Record<string, string>>,
  memory: AnswerMemory<Servers> | undefined,
): Promise<Servers> {
  const endsAt = performance.now() + limits.totalMs;
  for (let start = 1; ; start += 1) {
    try {
      return await allPages(connection, selection, endsAt, memory);
    } catch (error) {
      if (!(error instanceof RequestFailure && error.status === 410 && start < maxStarts))
        throw error;
    }
  }
}

async function allPages(
  connection: Connection,
  selection: Readonly<Record<string, string>>,
  endsAt: number,
  memory: AnswerMemory<Servers> | undefined,
): Promise<Servers> {
  const { endpoint } = connection;
  const rows: Row[] = [];
  const problems: Servers['problems'][number][] = [];
  let next: string | undefined;
  let bytes = 0;
  const seen = new Set<string>();
  let stopped: Pick<Servers, 'stoppedSince'> = {};
  const reasonPages = new Map<string, string>();
  for (;;) {
    const query = new URLSearchParams(defined({ ...selection, continue: next }));
    const url = `${endpoint}/v1/mcpservers${query.size === 0 ? '' : `?${query.toString()}`}`;
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) throw endless(endpoint, 'is not complete after 2 minutes');
    const { sent, answer: response } = await authorizedExchange(connection, (bearer) => ({
      method: 'GET',
      url,
      bearer,
      ifNoneMatch: memory?.recall({ url, bearer })?.etag,
      maxBytes: limits.pageBytes,
      timeoutMs: Math.min(limits.requestMs, Math.ceil(leftMs)),
    }));
    const known = memory?.recall(sent);
    if (response.status === 304 && known !== undefined) return known.value;
    const page = acceptedBody(sent, response);
    if (!isList(page)) throw notOurs(endpoint);
    for (const row of page.items) rows.push(row);
    for (const problem of page.problems) problems.push(problem);
    for (const [reason, about] of Object.entries(page.reasonPages ?? {})) {
      const address = webAddress(about, endpoint);
      if (address !== undefined) reasonPages.set(reason, address.href);
    }
    bytes += response.bytes;
    if (bytes > limits.listBytes) throw endless(endpoint, 'is longer than 128 MB');
    if (page.sweepsStopped === true && page.sweptAt !== undefined)
      stopped = { stoppedSince: new Date(page.sweptAt) };
    next = page.continue;
    if (next === undefined) {
      const servers = { rows, problems, reasonPages, ...stopped };
      // A tag names one answer, so it stands for a list that has no other.
      const etag = seen.size === 0 ? response.etag : undefined;
      memory?.keep(sent, etag === undefined ? undefined : { etag, value: servers });
      return servers;
    }
    if (seen.has(next)) throw endless(endpoint, 'returns the same page again');
    seen.add(next);
    if (seen.size >= limits.pages) throw endless(endpoint, 'has more than 2,000 pages');
  }
}

/**
 * One MCPServer by `name`, by `namespace/name`, or by name and namespace. Throws a `CliError` that
 * names the candidates for an ambiguous name, and similar names for one that is not there.
 */
export async function findServer(
  connection: Connection,
  text: string,
  namespace?: string,
): Promise<Row> {
  const [found] = await findServers(connection, [parseServerName(text, namespace)]);
  if (found?.kind === 'found') return found.row;
  throw found?.error ?? notOurs(connection.endpoint);
}

/** What came of one name. */
export type FoundServer =
  | { readonly kind: 'found'; readonly row: ExplainedRow }
  | { readonly kind: 'problem'; readonly wanted: ServerName; readonly error: NameProblem };

/**
 * The MCPServers of these names, in their order. All of them are listed at most once. Throws what
 * concerns every name, such as an endpoint that does not answer.
 */
export async function findServers(
  connection: Connection,
  names: readonly ServerName[],
): Promise<readonly FoundServer[]> {
  let listed: Promise<readonly Row[]> | undefined;
  const listAll = () =>
    (listed ??= listServers(connection, { withConditions: true }).then(({ rows }) => rows));
  return Promise.all(
    names.map(async (wanted): Promise<FoundServer> => {
      const { namespace, name } = wanted;
      if (namespace !== undefined) {
        const row = await readServer(connection, { namespace, name });
        if (row !== undefined) return { kind: 'found', row };
      }
      try {
        return { kind: 'found', row: serverAmong(await listAll(), wanted) };
      } catch (error) {
        if (error instanceof NameProblem) return { kind: 'problem', wanted, error };
        throw error;
      }
    }),
  );
}

/** As `findServer`, but `namespace/name` is not looked up: a later request says whether it exists. */
export async function serverNamed(
  connection: Connection,
  text: string,
): Promise<{ readonly namespace: string; readonly name: string }> {
  const { namespace, name } = parseServerName(text);
  return namespace === undefined ? findServer(connection, text) : { namespace, name };
}

/** One MCPServer; undefined where the endpoint has none of that name. */
export async function readServer(
  connection: Connection,
  server: { readonly namespace: string; readonly name: string },
  timeoutMs: number = limits.requestMs,
): Promise<ExplainedRow | undefined> {
  const { endpoint } = connection;
  try {
    const row = await authorizedRequest(connection, {
      method: 'GET',
      url: serverUrl(endpoint, server),
      timeoutMs,
    });
    if (!isExplainedRow(row)) throw notOurs(endpoint);
    return row;
  } catch (error) {
    if (error instanceof RequestFailure && error.status === 404) return undefined;
    throw error;
  }
}

/** The address of one MCPServer. */
export const serverUrl = (
  endpoint: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string =>
  `${endpoint}/v1/mcpservers/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;

/** The address of one registered key of the person. */
export const keyUrl = (endpoint: string, thumbprint: string): string =>
  `${endpoint}/v1/me/keys/${encodeURIComponent(thumbprint)}`;

const endless = (endpoint: string, what: string): CliError =>
  new CliError(`The list of ${endpoint} ${what}. It was stopped.`, {
    hint: 'List one namespace with -n, or ask the owner of the endpoint.',
  });

export const notOurs = (endpoint: string): CliError =>
  new CliError(`Unexpected response from ${endpoint}. Is it the muster endpoint?`, {
    hint: `${checkAddress()}. If it is right, compare the versions: muster version`,
  });
