import type { Row, SessionAnswer } from '../../functions/model/wire.ts';
import { isSessionAnswer } from '../api/guards.ts';
import { isFresh } from '../auth/refresh-tokens.ts';
import { hasScreen } from '../auth/browser.ts';
import type { CommandContext } from '../context.ts';
import { connect, connectAsPerson, whoIs } from '../auth/connect.ts';
import { endpointOf } from '../auth/endpoint.ts';
import { type ExitCode, exitCodes, CliError } from '../failure.ts';
import { logIn } from '../auth/muster-login.ts';
import { isStructured, structured } from '../output/structured.ts';
import { request, RequestFailure } from '../api/request.ts';
import { type Connection, findServer, listServers, serverUrl } from '../api/mcpservers.ts';
import { authenticated, signIn } from '../auth/server-login.ts';
import { prove, verifyAll, usesSso } from '../api/verify-sessions.ts';
import { serverText, statusText, wantsSignIn } from '../output/status-text.ts';
import { sessionCell, sorted } from '../output/table.ts';
import { bearerOf, forgetTokens, readTokens, type Tokens } from '../auth/token-files.ts';
import { defined } from '../../functions/model/defined.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';

/** `muster auth login` */
export async function login(call: CommandContext): Promise<ExitCode> {
  const name = call.option('server');
  const noBrowser = call.has('no-browser');
  const browser = !noBrowser && call.isInteractive() && hasScreen(call.environment);
  const device = call.has('device');
  const { info, now, environment } = call;
  if (name === undefined) {
    const endpoint = endpointOf(call.option('endpoint'), environment);
    const tokens = await logIn({ endpoint, environment, browser, device, info, now });
    info(`Signed in to ${endpoint} as ${whoIs(tokens)}.`);
    await signOn({ endpoint, bearer: bearerOf(tokens) }, info);
    return exitCodes.done;
  }
  if (device)
    throw new CliError('--device is for muster itself.', {
      hint: `Run: muster auth login --server ${name} --no-browser`,
    });
  const connection = await connectAsPerson(call);
  const server = await findServer(connection, name);
  const answer = await (server.singleSignOn === undefined
    ? signIn({ connection, server, browser, typed: noBrowser, info })
    : prove(connection, server).then(authenticated));
  info(`Signed in to ${qualifiedName(server)}${ssoOf(answer)}.`);
  return exitCodes.done;
}

/**
 * Single sign-on for all servers that use it. The person is signed in to muster whatever comes of
 * it.
 */
async function signOn(connection: Connection, info: CommandContext['info']): Promise<void> {
  try {
    const { rows } = await listServers(connection);
    for (const { row, message } of await verifyAll(connection, rows.filter(usesSso)))
      info(
        `  ${qualifiedName(row)}: ${sessionCell(row)}${because(message ?? row.session?.message)}`,
      );
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    info(`Warning: single sign-on could not be run: ${error.message}`);
  }
}

const because = (message: string | undefined): string =>
  message === undefined ? '' : ` (${message})`;

const ssoOf = ({ session }: SessionAnswer): string =>
  session.sso === undefined ? '' : ` [SSO: ${session.sso}]`;

/**
 * `muster auth logout`: what is forgotten at the Function URL is forgotten there first; with the
 * network down nothing is.
 */
export async function logout(call: CommandContext): Promise<ExitCode> {
  const wanted = call.option('server');
  const endpoint = endpointOf(call.option('endpoint'), call.environment);
  if (wanted !== undefined) {
    if (call.has('all')) throw new CliError('--server and --all exclude each other.');
    const connection = await connectAsPerson(call);
    const server = await findServer(connection, wanted);
    const answer = await request({
      method: 'DELETE',
      url: `${serverUrl(endpoint, server)}/session`,
      bearer: connection.bearer,
    });
    // A forwarded bearer is not stored anywhere: it is there for as long as the person is signed in
    // to muster.
    const remains = isSessionAnswer(answer) && answer.session.sso === 'Forwarded';
    const name = qualifiedName(server);
    call.info(
      remains
        ? `${name} goes by your sign-in to muster. To end that: muster auth logout`
        : `Signed out of ${name}.`,
    );
    return exitCodes.done;
  }
  if (call.has('all')) {
    const { bearer } = await connectAsPerson(call);
    await request({ method: 'DELETE', url: `${endpoint}/v1/sessions`, bearer });
    call.info('Signed out of all MCP servers.');
  }
  const was = await forgetTokens(endpoint, call.environment);
  call.info(was ? `Signed out of ${endpoint}.` : `You were not signed in to ${endpoint}.`);
  return exitCodes.done;
}

/** `muster auth whoami` */
export async function whoami(call: CommandContext): Promise<ExitCode> {
  const { tokens } = await connectAsPerson(call);
  call.print(`${whoIs(tokens)}\n`);
  return exitCodes.done;
}

/** `muster auth status`: 0 all is well, 2 there is something to sign in to, 1 it cannot be told. */
export async function status(call: CommandContext): Promise<ExitCode> {
  const name = call.option('server');
  return name === undefined ? statusOfAll(call) : statusOfOne(call, name);
}

async function statusOfOne(call: CommandContext, name: string): Promise<ExitCode> {
  const connection = await connectAsPerson(call);
  const found = await findServer(connection, name);
  const [row = found] = call.has('verify') ? await verified(connection, [found], call.info) : [];
  const format = call.option('output');
  call.print(
    isStructured(format) ? structured(sessionIn(row), format) : serverText(row, call.now()),
  );
  return wantsSignIn(row) ? exitCodes.signInRequired : exitCodes.done;
}

async function statusOfAll(call: CommandContext): Promise<ExitCode> {
  const endpoint = endpointOf(call.option('endpoint'), call.environment);
  const format = call.option('output');
  const show = ({ tokens, rows }: Seen) => {
    if (isStructured(format))
      return call.print(structured(statusValue(endpoint, tokens, rows), format));
    const me =
      tokens === undefined
        ? {}
        : {
            me: {
              who: whoIs(tokens),
              expiresAt: tokens.expiresAt,
              refreshable: tokens.refreshToken !== undefined,
            },
          };
    call.print(
      statusText(
        defined({
          endpoint,
          ...me,
          servers: rows,
          now: call.now(),
        }),
      ),
    );
  };
  try {
    const { tokens, ...connection } = await connect(call);
    const listed = await rowsFor(connection, tokens);
    const rows =
      listed !== undefined && call.has('verify')
        ? await verified(connection, listed, call.info)
        : listed;
    show(
      defined({
        tokens,
        rows,
      }),
    );
    if (tokens === undefined || rows === undefined) return exitCodes.signInRequired;
    return rows.some(wantsSignIn) ? exitCodes.signInRequired : exitCodes.done;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // What is known on this machine is still worth showing; the error follows.
    const tokens =
      error.exitCode === exitCodes.signInRequired
        ? undefined
        : await readTokens(endpoint, call.environment);
    show(tokens !== undefined && isFresh(tokens, call.now()) ? { tokens } : {});
    throw error;
  }
}

/**
 * The rows with what the servers say themselves about those the person is signed in to, or that
 * single sign-on may change.
 */
async function verified(
  connection: Connection,
  rows: readonly Row[],
  info: CommandContext['info'],
): Promise<readonly Row[]> {
  const asked = await verifyAll(
    connection,
    rows.filter((row) => row.session?.status === 'Authenticated' || usesSso(row)),
  );
  for (const { row, message } of asked)
    if (message !== undefined)
      info(`Warning: ${qualifiedName(row)} could not be verified: ${message}`);
  const byUid = new Map(asked.map(({ row }) => [row.uid, row]));
  return rows.map((row) => byUid.get(row.uid) ?? row);
}

type Seen = { readonly tokens?: Tokens; readonly rows?: readonly Row[] };

/** Undefined where the list is not for strangers. */
async function rowsFor(
  connection: Parameters<typeof listServers>[0],
  tokens: Tokens | undefined,
): Promise<readonly Row[] | undefined> {
  try {
    return (await listServers(connection)).rows;
  } catch (error) {
    if (tokens === undefined && error instanceof RequestFailure && error.status === 401)
      return undefined;
    throw error;
  }
}

/** The same facts and words as the text, for machines. */
function statusValue(
  endpoint: string,
  tokens: Tokens | undefined,
  rows: readonly Row[] | undefined,
) {
  return defined({
    endpoint,
    authenticated: tokens !== undefined,
    ...(tokens === undefined
      ? {}
      : defined({
          subject: tokens.subject,
          issuer: tokens.issuer,
          email: tokens.email,
          name: tokens.name,
          expiresAt: tokens.expiresAt.toISOString(),
          refreshable: tokens.refreshToken !== undefined,
        })),
    items: rows === undefined ? undefined : sorted(rows).map(sessionIn),
  });
}

const sessionIn = ({ namespace, name, uid, state, session }: Row) =>
  defined({
    namespace,
    name,
    uid,
    state,
    session,
  });
