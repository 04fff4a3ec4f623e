import { type Context, Hono } from 'hono';
import type { core } from 'zod/mini';
import type { Page, McpServer, ReadServer, PageResult } from '../model/mcpserver.ts';
import type { Caller, Person } from '../sessions/person.ts';
import {
  type Check,
  checkRequestSchema,
  type List,
  type Row,
  type Session,
  type SignInCheck,
} from '../model/wire.ts';
import { parseJson } from '../model/json.ts';
import { anonymousLists } from '../model/limits.ts';
import type { TakeLimit } from '../sessions/rate-limits.ts';
import { accessRefused, type AccessRefusal, type MaySee } from './access.ts';
import { type ContinueTokens, continuePlace } from './continue-tokens.ts';
import { limited, tooMany } from './limited.ts';
import { processLimit } from './process-limit.ts';
import { listQuerySchema, maxLimit } from './contract.ts';
import { requirePerson, signInRequired, type Variables } from './bearer.ts';
import { problemResponse } from './problem.ts';
import { defined } from '../model/defined.ts';
import { explainRow } from '../model/reason-facts.ts';
import { noSuchServer } from './with-server.ts';
import { meOf, rowOf } from '../sessions/row.ts';

export type ServerPorts = {
  readonly now: () => Date;
  /** Without a namespace: all of them. */
  readonly listPage: (wanted: {
    readonly namespace?: string;
    readonly limit: number;
    readonly continue?: string;
  }) => Promise<PageResult>;
  readonly readServer: ReadServer;
  /** This person's session with each of the servers, by uid. */
  readonly sessionsOf: (
    person: Person,
    servers: readonly McpServer[],
  ) => Promise<ReadonlyMap<string, Session>>;
  /** Probes now; writes nothing. */
  readonly check: (server: McpServer) => Promise<Check>;
  /** The site has a page about each reason. */
  readonly siteUrl?: URL;
  /** Every link of this person's sign-in; writes nothing. */
  readonly checkSignIn: (server: McpServer, caller: Caller) => Promise<SignInCheck>;
  readonly heartbeatMs: number;
  /** Whether the list is also answered without a token. */
  readonly anonymousList: boolean;
  /**
   * Whether the cluster would let a person get the MCPServers of a namespace. Absent: everyone
   * signed in sees all.
   */
  readonly maySee?: MaySee;
  readonly continueTokens: ContinueTokens;
  readonly takeLimit: TakeLimit;
  /**
   * When the last sweep began, and whether that is longer ago than three ticks. Undefined: that is
   * not known.
   */
  readonly lastSweep?: () => Promise<LastSweep | undefined>;
};

export type LastSweep = { readonly at: Date; readonly stopped: boolean };

/** The routes that read MCPServers. */
export function serverRoutes(ports: ServerPorts): Hono<{ Variables: Variables }> {
  const anonymous = processLimit(anonymousLists);
  const mayRead = (context: Context<{ Variables: Variables }>) =>
    context.var.caller !== undefined || ports.anonymousList;

  return new Hono<{ Variables: Variables }>()
    .get('/v1/mcpservers', async (context) => {
      const { caller } = context.var;
      const person = caller?.person;
      if (!mayRead(context)) return signInRequired(context);
      const query = listQuerySchema.safeParse(context.req.query());
      if (!query.success) return badQuery(context, query.error);
      if (caller === undefined) {
        const taken = anonymous(ports.now());
        if (taken.kind === 'reached') return tooManyLists(context, taken.retryAfterMs);
      }
      const { continue: sealed, ...wanted } = query.data;
      const place = continuePlace(caller, wanted);
      const token = sealed && (await ports.continueTokens.open(sealed, place));
      if (sealed !== undefined && token === undefined) return badContinue(context);
      const [read, lastSweep] = await Promise.all([
        rowsWithin(mostRowBytes, wanted.limit, (limit) =>
          readRows(ports, caller, defined({ ...wanted, limit, continue: token })),
        ),
        ports.lastSweep?.(),
      ]);
      if (read.kind === 'expired') return listExpired(context);
      if (read.kind !== 'page') return accessRefused(context, read);
      const { page, rows } = read;
      const list: List = defined({
        items: rows,
        continue: page.continue && (await ports.continueTokens.seal(page.continue, place)),
        me: person === undefined ? undefined : meOf(person),
        sweptAt: lastSweep?.at.toISOString(),
        sweepsStopped: lastSweep?.stopped,
        problems: page.malformed.map(({ namespace, name, message }) => ({
          namespace,
          name,
          message: person === undefined ? 'could not be read. Sign in to see the reason.' : message,
        })),
      });
      return context.json(list);
    })
    .get('/v1/mcpservers/:namespace/:name', async (context) => {
      if (!mayRead(context)) return signInRequired(context);
      const { namespace, name } = context.req.param();
      const server = await ports.readServer(namespace, name);
      if (server === undefined) return noSuchServer(context, { namespace, name });
      const [row] = await rowsOf(ports, [server], context.var.caller?.person);
      return context.json(row && defined({ ...row, explained: explainRow(row, ports.siteUrl) }));
    })
    .post(
      '/v1/mcpservers/:namespace/:name/check',
      requirePerson,
      limited(ports.takeLimit, 'check'),
      async (context) => {
        const { namespace, name } = context.req.param();
        const text = await context.req.text();
        // Without a body: as it was before there was one.
        const body = checkRequestSchema.safeParse(text === '' ? {} : parseJson(text));
        if (!body.success) return badCheck(context);
        const server = await ports.readServer(namespace, name);
        if (server === undefined) return noSuchServer(context, { namespace, name });
        const { caller } = context.var;
        const [check, signIn] = await Promise.all([
          ports.check(server),
          body.data.signIn === true ? ports.checkSignIn(server, caller) : undefined,
        ]);
        return context.json<Check>(defined({ ...check, signIn }));
      },
    );
}

/**
 * The page of the cluster. A namespace that the person may not see is not listed at all: its
 * `continue` would distinguish it from one that does not exist.
 */
async function pageFor(
  { maySee, listPage }: ServerPorts,
  caller: Caller | undefined,
  wanted: Parameters<ServerPorts['listPage']>[0],
): Promise<PageResult | AccessRefusal> {
  if (maySee !== undefined && caller !== undefined && wanted.namespace !== undefined) {
    const seen = await maySee(caller, wanted.namespace, 'named');
    if (seen.kind !== 'known') return seen;
    if (!seen.allowed) return { kind: 'page', page: { servers: [], malformed: [] } };
  }
  return listPage(wanted);
}

type ReadRows =
  | {
      readonly kind: 'page';
      readonly page: Page;
      readonly rows: Row[];
      /** How many MCPServers the cluster gave, hidden ones included. */
      readonly count: number;
    }
  | { readonly kind: 'expired' }
  | AccessRefusal;

async function readRows(
  ports: ServerPorts,
  caller: Caller | undefined,
  wanted: Parameters<ServerPorts['listPage']>[0],
): Promise<ReadRows> {
  const read = await pageFor(ports, caller, wanted);
  if (read.kind === 'expired') return { kind: 'expired' };
  if (read.kind !== 'page') return read;
  const visible = await visibleOf(ports, read.page, caller);
  if (visible.kind !== 'page') return visible;
  const count = read.page.servers.length + read.page.malformed.length;
  const rows = await rowsOf(ports, visible.page.servers, caller?.person);
  return { ...visible, rows, count };
}

/** Lambda carries an answer of at most 6 MB, as a text inside JSON. */
const mostRowBytes = 4_000_000;

/**
 * The rows of a page, fewer of them where all are too many bytes: the page is read again with
 * as many MCPServers as fit, so that `continue` begins behind them.
 */
async function rowsWithin(
  mostBytes: number,
  limit: number,
  readUpTo: (limit: number) => Promise<ReadRows>,
): Promise<ReadRows> {
  for (let wanted = limit; ; ) {
    const read = await readUpTo(wanted);
    if (read.kind !== 'page' || read.count <= 1) return read;
    const bytes = bytesInJson([read.rows, read.page.malformed]);
    if (bytes <= mostBytes) return read;
    wanted = Math.max(1, Math.floor((read.count * mostBytes) / bytes / 2));
  }
}

const bytesInJson = (answer: unknown): number =>
  Buffer.byteLength(JSON.stringify(JSON.stringify(answer)));

type Visible = { readonly kind: 'page'; readonly page: Page } | AccessRefusal;

/** What of a page the person may see: one question per namespace. */
async function visibleOf(
  { maySee }: ServerPorts,
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

async function rowsOf(
  ports: ServerPorts,
  servers: readonly McpServer[],
  person: Person | undefined,
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
        now,
        heartbeatMs: ports.heartbeatMs,
      }),
    );
  });
}

const badQuery = (context: Context, error: core.$ZodError): Response => {
  const [issue] = error.issues;
  return problemResponse(context, {
    status: 400,
    title: 'Invalid query',
    detail: `${issue?.path.join('.') ?? 'query'}: ${issue?.message ?? 'invalid'}`,
    hint: `limit must be a whole number from 1 to ${String(maxLimit)}, and namespace the name of a namespace. Both are optional.`,
  });
};

const badCheck = (context: Context): Response =>
  problemResponse(context, {
    status: 400,
    title: 'Invalid request body',
    detail: 'signIn must be true or false, if it is present.',
    hint: 'See GET /v1/openapi.json for the fields of the body.',
  });

/**
 * The cluster keeps the snapshot of a list for some minutes only (Kubernetes API concepts,
 * "Retrieving large results sets in chunks").
 */
const listExpired = (context: Context): Response =>
  problemResponse(context, {
    status: 410,
    title: 'The list has expired',
    detail: 'The cluster no longer accepts the continue token.',
    hint: 'List again from the start, without continue.',
  });

/** Also for the token of another person or another query: which of these it is, is not said. */
const badContinue = (context: Context): Response =>
  problemResponse(context, {
    status: 400,
    title: 'Invalid continue token',
    detail: 'continue is not a token of this list: each is for one person and one query.',
    hint: 'Send the same query with the continue of its last answer, or list again without continue.',
  });

const tooManyLists = (context: Context, retryAfterMs: number): Response =>
  tooMany(context, {
    title: 'Too many lists without a token',
    detail: `One process answers ${anonymousLists.count} lists without a token in 1 minute.`,
    retryAfterMs,
  });
