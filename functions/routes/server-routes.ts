import { type Context, Hono } from 'hono';
import type { core } from 'zod/mini';
import type { McpServer, ReadServer } from '../model/mcpserver.ts';
import type { Caller } from '../sessions/person.ts';
import { type Check, checkRequestSchema, type SignInCheck } from '../model/wire/check-wire.ts';
import { parseJson } from '../model/json.ts';
import { anonymousLists } from '../model/limits.ts';
import type { TakeLimit } from '../sessions/rate-limits.ts';
import { accessRefused } from './access.ts';
import { type ContinueTokens, continuePlace } from './continue-tokens.ts';
import { limited, tooMany } from './limited.ts';
import { answerList, type ListAnswer } from './list-answer.ts';
import { listRows, rowFor, type RowPorts } from './list-rows.ts';
import { processLimit } from './process-limit.ts';
import { listQuerySchema, maxLimit } from './contract.ts';
import { requirePerson, signInRequired, type Variables } from './bearer.ts';
import { problemResponse } from './problem.ts';
import { rowTexts } from './row-texts.ts';
import { defined } from '../model/defined.ts';
import { explainRow, reasonPagesOf } from '../model/reason-facts.ts';
import { noSuchServer } from './with-server.ts';
import { meOf } from '../sessions/row.ts';

export type ServerPorts = RowPorts & {
  readonly readServer: ReadServer;
  /** Probes now; writes nothing. */
  readonly check: (server: McpServer) => Promise<Check>;
  /** The site has a page about each reason. */
  readonly siteUrl?: URL;
  /** Every link of this person's sign-in; writes nothing. */
  readonly checkSignIn: (server: McpServer, caller: Caller) => Promise<SignInCheck>;
  /** Whether the list is also answered without a token. */
  readonly anonymousList: boolean;
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
  const textsOf = rowTexts(ports.heartbeatMs);
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
        // Labels are not in the rows: a search could find out what they say.
        if (query.data.labelSelector !== undefined) return signInRequired(context);
        const taken = anonymous(ports.now());
        if (taken.kind === 'reached') return tooManyLists(context, taken.retryAfterMs);
      }
      const { continue: sealed, conditions, ...wanted } = query.data;
      const place = continuePlace(caller, wanted);
      const token = sealed && (await ports.continueTokens.open(sealed, place));
      if (sealed !== undefined && token === undefined) return badContinue(context);
      const anonymousForm = { anonymous: person === undefined };
      const texts = textsOf({ ...anonymousForm, withoutConditions: conditions === 'none' });
      const [read, lastSweep] = await Promise.all([
        listRows(ports, { caller, wanted: defined({ ...wanted, continue: token }), texts }),
        ports.lastSweep?.(),
      ]);
      if (read.kind === 'expired') return listExpired(context);
      if (read.kind !== 'rows') return accessRefused(context, read);
      // A long answer counts as the many that it saves.
      if (caller === undefined)
        for (let page = 1; page < read.pages; page += 1) anonymous(ports.now());
      const rest: ListAnswer['rest'] = defined({
        me: person === undefined ? undefined : meOf(person),
        reasonPages: reasonPagesOf(read.rows, ports.siteUrl),
        sweptAt: lastSweep?.at.toISOString(),
        sweepsStopped: lastSweep?.stopped,
        problems: read.malformed.map(({ namespace, name, message }) => ({
          namespace,
          name,
          message: person === undefined ? 'could not be read. Sign in to see the reason.' : message,
        })),
      });
      const { rows, continue: next } = read;
      const seal = (text: string) => () => ports.continueTokens.seal(text, place);
      const goesOn = next === undefined ? undefined : { token: next, seal: seal(next) };
      return answerList(context, defined({ rows, rest, next: goesOn }));
    })
    .get('/v1/mcpservers/:namespace/:name', async (context) => {
      if (!mayRead(context)) return signInRequired(context);
      const { namespace, name } = context.req.param();
      const server = await ports.readServer(namespace, name);
      if (server === undefined) return noSuchServer(context, { namespace, name });
      const row = await rowFor(ports, server, context.var.caller?.person);
      return context.json(defined({ ...row, explained: explainRow(row, ports.siteUrl) }));
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

const badQuery = (context: Context, error: core.$ZodError): Response => {
  const [issue] = error.issues;
  return problemResponse(context, {
    problem: 'invalid-query',
    detail: `${issue?.path.join('.') ?? 'query'}: ${issue?.message ?? 'invalid'}`,
    hint: `limit must be a whole number from 1 to ${String(maxLimit)}, namespace the name of a namespace, labelSelector a selector such as team=search,tier!=test, and conditions none. All are optional.`,
  });
};

const badCheck = (context: Context): Response =>
  problemResponse(context, {
    problem: 'invalid-body',
    detail: 'signIn must be true or false, if it is present.',
    hint: 'See GET /v1/openapi.json for the fields of the body.',
  });

/**
 * The cluster keeps the snapshot of a list for some minutes only (Kubernetes API concepts,
 * "Retrieving large results sets in chunks").
 */
const listExpired = (context: Context): Response =>
  problemResponse(context, {
    problem: 'list-expired',
    detail: 'The cluster no longer accepts the continue token.',
    hint: 'List again from the start, without continue.',
  });

/** Also for the token of another person or another query: which of these it is, is not said. */
const badContinue = (context: Context): Response =>
  problemResponse(context, {
    problem: 'invalid-continue',
    detail: 'continue is not a token of this list: each is for one person and one query.',
    hint: 'Send the same query with the continue of its last answer, or list again without continue.',
  });

const tooManyLists = (context: Context, retryAfterMs: number): Response =>
  tooMany(context, {
    title: 'Too many lists without a token',
    detail: `One process answers ${anonymousLists.count} lists without a token in 1 minute.`,
    retryAfterMs,
  });
