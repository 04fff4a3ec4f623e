import { oneLine } from '../../../functions/model/outside-text.ts';
import { defined } from '../../../functions/model/defined.ts';
import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { type Connection, findServer, listServers } from '../../api/mcpservers.ts';
import { NoMachineKey } from '../../api/proven-request.ts';
import { usesSso, verifySessions } from '../../api/verify-sessions.ts';
import { connect, connectAsPerson, whoIs } from '../../auth/connect.ts';
import { type ChosenEndpoint, chosenEndpoint } from '../../endpoint/endpoint.ts';
import { GivenTokenRefused, tokenVariable } from '../../token-store/given-token.ts';
import { signInsElsewhere } from '../../auth/not-signed-in.ts';
import { isFresh, NotRefreshed } from '../../token-store/refresh-tokens.ts';
import type { Tokens } from '../../token-store/token-files.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { needsSignIn, serverText, statusText } from '../../output/status-text.ts';
import { cellText } from '../../output/text-table.ts';
import { sorted } from '../../output/table.ts';
import { isStructured, structured } from '../../output/yaml.ts';

/** `muster auth status`: 0 all is well, 2 a sign-in is required, 1 the status is unknown. */
export async function status(context: CommandContext): Promise<ExitCode> {
  const name = context.option('server');
  return name === undefined ? statusOfAll(context) : statusOfOne(context, name);
}

/** `muster auth whoami` */
export async function whoami(context: CommandContext): Promise<ExitCode> {
  const { endpoint, tokens, variable } = await connectAsPerson(context);
  // A sign-in is refreshed where that is due; the token of a variable cannot be.
  if (variable !== undefined && tokens.expiresAt <= context.now())
    throw new GivenTokenRefused(tokens, context.now());
  const format = context.option('output');
  context.print(
    isStructured(format)
      ? structured(defined({ endpoint, ...personIn(tokens), tokenSource: variable }), format)
      : `${whoIs(tokens)}\n`,
  );
  return exitCodes.done;
}

async function statusOfOne(context: CommandContext, name: string): Promise<ExitCode> {
  const connection = await connectAsPerson(context);
  const found = await findServer(connection, name);
  const [row = found] = context.has('verify')
    ? await verifyRows(connection, [found], context.info)
    : [];
  const format = context.option('output');
  context.print(
    isStructured(format)
      ? structured(sessionIn(row), format)
      : serverText(row, context.now(), context.paint),
  );
  return needsSignIn(row) ? exitCodes.signInRequired : exitCodes.done;
}

async function statusOfAll(context: CommandContext): Promise<ExitCode> {
  const { endpoint, source } = await chosenEndpoint(context);
  const print = (facts: StatusFacts) => printStatus(context, { endpoint, source, ...facts });
  try {
    const { tokens, ...connection } = await connect(context);
    const { variable } = connection;
    // SESSION is about a person: without a sign-in there is none to list.
    const listed =
      tokens === undefined
        ? undefined
        : (await listServers(connection, { withConditions: true })).rows;
    const rows =
      listed !== undefined && context.has('verify')
        ? await verifyRows(connection, listed, context.info)
        : listed;
    const elsewhere = tokens === undefined ? await signInsElsewhere(endpoint, context) : undefined;
    print(defined({ tokens, rows, variable, elsewhere }));
    if (tokens === undefined || rows === undefined) return exitCodes.signInRequired;
    return rows.some(needsSignIn) ? exitCodes.signInRequired : exitCodes.done;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    print(await knownHere(context, error));
    throw error;
  }
}

/** What is known on this machine is still worth showing; the error follows. */
async function knownHere(context: CommandContext, error: CliError): Promise<StatusFacts> {
  if (error instanceof NotRefreshed) return { tokens: error.tokens, problem: notRefreshed(error) };
  if (error instanceof GivenTokenRefused)
    return { tokens: error.tokens, problem: error.problem, variable: tokenVariable };
  if (error.exitCode === exitCodes.signInRequired && !(error instanceof NoMachineKey)) return {};
  const { tokens, variable } = await connect(context);
  return tokens !== undefined && isFresh(tokens, context.now())
    ? defined({ tokens, variable })
    : {};
}

type StatusFacts = {
  readonly tokens?: Tokens;
  readonly rows?: readonly Row[];
  /** Why the tokens are of no use for now. */
  readonly problem?: string;
  /** The variable that brought the token. */
  readonly variable?: string;
  /** Where else the person is signed in. */
  readonly elsewhere?: string;
};

const notRefreshed = ({ tokens: { issuer }, isReached }: NotRefreshed): string =>
  `Sign-in could not be refreshed: issuer ${isReached ? 'unavailable' : 'unreachable'} (${URL.canParse(issuer) ? new URL(issuer).host : oneLine(issuer, 200)})`;

type Shown = StatusFacts & ChosenEndpoint;

function printStatus(context: CommandContext, shown: Shown): void {
  const format = context.option('output');
  if (isStructured(format)) {
    context.print(structured(statusValue(shown), format));
    return;
  }
  const { endpoint, source, tokens, rows, problem, variable, elsewhere } = shown;
  const me =
    tokens === undefined
      ? undefined
      : {
          who: whoIs(tokens),
          expiresAt: tokens.expiresAt,
          refreshable: tokens.refreshToken !== undefined,
          problem,
          variable,
        };
  const { paint } = context;
  const view = { endpoint, source, me, elsewhere, servers: rows, now: context.now() };
  context.print(statusText({ ...defined(view), paint }));
}

/**
 * The rows with what the servers report themselves, for those the person is signed in to and those
 * that single sign-on may change.
 */
async function verifyRows(
  connection: Connection,
  rows: readonly Row[],
  info: CommandContext['info'],
): Promise<readonly Row[]> {
  const asked = await verifySessions(
    connection,
    rows.filter((row) => isSignedIn(row) || usesSso(row)),
  );
  for (const { row, message } of asked)
    if (message !== undefined)
      info(`Warning: ${qualifiedName(row)} could not be verified: ${cellText(message)}`);
  const byUid = new Map(asked.map(({ row }) => [row.uid, row]));
  return rows.map((row) => byUid.get(row.uid) ?? row);
}

/** Also with a grant that was refused: a server that refused a good token is asked again. */
const isSignedIn = ({ session }: Row): boolean =>
  session?.status === 'Authenticated' || session?.status === 'Expired';

/** The same facts and values as the text, for machines. */
function statusValue({ endpoint, source, tokens, rows, problem, variable }: Shown) {
  return defined({
    endpoint,
    endpointSource: source,
    authenticated: tokens !== undefined && problem === undefined,
    tokenSource: variable,
    problem,
    ...(tokens === undefined ? {} : personIn(tokens)),
    items: rows === undefined ? undefined : sorted(rows).map(sessionIn),
  });
}

const personIn = ({ subject, issuer, email, name, expiresAt, refreshToken }: Tokens) =>
  defined({
    subject,
    issuer,
    email,
    name,
    expiresAt: expiresAt.toISOString(),
    refreshable: refreshToken !== undefined,
  });

const sessionIn = ({ namespace, name, uid, state, session }: Row) =>
  defined({ namespace, name, uid, state, session });
