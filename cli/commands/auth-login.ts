import type { Row, SessionAnswer } from '../../functions/model/wire.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';
import { type Connection, findServer, listServers } from '../api/mcpservers.ts';
import { checkSignIn } from '../api/sign-in-check.ts';
import { usesSso, verifySession, verifySessions } from '../api/verify-sessions.ts';
import { hasScreen } from '../auth/browser.ts';
import { confirm } from '../auth/ask-person.ts';
import { connectAsPerson, whoIs } from '../auth/connect.ts';
import { endpointOf } from '../auth/endpoint.ts';
import { requireTerminal } from '../auth/endpoint-trust.ts';
import { tokenVariable } from '../auth/given-token.ts';
import { signInToMuster } from '../auth/muster-login.ts';
import { authenticated, signInToServer } from '../auth/server-login.ts';
import { stoppable } from '../auth/stoppable.ts';
import { readTokens } from '../auth/token-files.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { cellText } from '../output/text-table.ts';
import { brokenText } from '../output/sign-in-text.ts';
import { outage } from '../output/status-text.ts';
import { age, sessionCell } from '../output/table.ts';

/** `muster auth login` */
export async function login(context: CommandContext): Promise<ExitCode> {
  const name = context.option('server');
  const all = context.has('all');
  vetFlags(context, name);
  if (name !== undefined) return loginToServer(context, name);
  if (all) return (await import('./auth-login-all.ts')).loginToAll(context);
  await loginToMuster(context);
  return exitCodes.done;
}

function vetFlags({ has, environment }: CommandContext, name: string | undefined): void {
  if (name !== undefined && has('all'))
    throw new CliError('--server cannot be combined with --all.');
  if (has('device') && (name !== undefined || has('all')))
    throw new CliError(
      `--device cannot be combined with ${name === undefined ? '--all' : '--server'}.`,
      {
        hint: `Run: muster auth login ${name === undefined ? '--all' : `--server ${name}`} --no-browser`,
      },
    );
  if (environment[tokenVariable])
    throw new CliError(
      `${tokenVariable} is set, and commands use it instead of a sign-in on this machine.`,
      { hint: `Unset ${tokenVariable}, then run: muster auth login` },
    );
}

/** Signs in to the endpoint itself, and to the servers with single sign-on. */
export async function loginToMuster(context: CommandContext): Promise<void> {
  const { info, instruct, now, environment, interrupted } = context;
  const endpoint = await endpointOf(context);
  const device = context.has('device');
  const isInteractive = context.isInteractive();
  const asked = {
    endpoint,
    environment,
    confirm: isInteractive ? (question: string) => confirm(question, interrupted) : undefined,
    info,
  };
  await requireTerminal(asked);
  if (!device) requirePerson(context);
  const signingIn = signInToMuster({
    ...waysOf(context),
    ...asked,
    device,
    instruct,
    interrupted,
    now,
  });
  const { tokens, ...connection } = await stoppable(signingIn, interrupted).catch(
    async (error: unknown) => {
      if (interrupted.aborted) {
        const earlier = await readTokens(endpoint, environment, info).catch(() => undefined);
        info(
          earlier === undefined
            ? `Stopped. You are not signed in to ${endpoint}.`
            : `Stopped. You stay signed in to ${endpoint} as ${whoIs(earlier)}.`,
        );
      }
      throw error;
    },
  );
  info(`Signed in to ${endpoint} as ${whoIs(tokens)}.`);
  if (connection.signer === undefined)
    info('A sign-in with --device can only read. To sign in to servers, run: muster auth login');
  else await runSingleSignOn(connection, info);
}

/** How the browser comes in. */
export function waysOf(context: CommandContext): {
  readonly browser: boolean;
  readonly pasted: boolean;
  readonly typed: boolean;
} {
  const isInteractive = context.isInteractive();
  const noBrowser = context.has('no-browser');
  const browser = !noBrowser && isInteractive && hasScreen(context.environment);
  // Without a terminal a script sends the browser, and nothing is typed.
  const typed = noBrowser && isInteractive;
  return { browser, pasted: noBrowser || (isInteractive && !browser), typed };
}

/** A sign-in needs a person. Without a terminal none is there, and waiting would be in vain. */
export function requirePerson(context: CommandContext): void {
  if (context.isInteractive() || context.has('no-browser')) return;
  throw new CliError('A sign-in needs a person, and there is no terminal.', {
    exitCode: exitCodes.signInFailed,
    hint: `In scripts, set ${tokenVariable}. To print the address and wait for a browser, add --no-browser.`,
  });
}

async function loginToServer(context: CommandContext, name: string): Promise<ExitCode> {
  const { info, instruct, interrupted } = context;
  const connection = await connectAsPerson(context);
  const server = await findServer(connection, name);
  const down = outage(server);
  if (down !== undefined) throw cannotBeReached(name, down, context.now());
  if (server.singleSignOn === undefined) requirePerson(context);
  const signingIn =
    server.singleSignOn === undefined
      ? signInToServer({ ...waysOf(context), connection, server, info, instruct, interrupted })
      : verifySession(connection, server).then(authenticated);
  const answer = await stoppable(signingIn, interrupted).catch(async (error: unknown) => {
    if (interrupted.aborted)
      info(`Stopped. Your session with ${qualifiedName(server)} is as it was.`);
    else if (server.singleSignOn === undefined && isSignInFailure(error))
      await showVerdict(connection, server, info);
    throw error;
  });
  info(`Signed in to ${qualifiedName(server)}${ssoOf(answer)}.`);
  const doubt = doubtAbout(answer);
  if (doubt !== undefined) info(`Warning: ${doubt}`);
  return exitCodes.done;
}

const isSignInFailure = (error: unknown): boolean =>
  error instanceof CliError && error.exitCode === exitCodes.signInFailed;

const cannotBeReached = (
  name: string,
  { reason, since }: { readonly reason: string; readonly since: Date },
  now: Date,
): CliError =>
  new CliError(
    cellText(`${name} cannot be reached (${reason}, for ${age(now.getTime() - since.getTime())}).`),
    {
      exitCode: exitCodes.signInFailed,
      hint: `You can sign in when it is up again. To wait for it, run: muster wait ${name}`,
    },
  );

/** The issuer has let the person in; the server may not. */
export function doubtAbout({ session }: SessionAnswer): string | undefined {
  const { message, lastVerified } = session;
  if (message === undefined) return undefined;
  const text = cellText(message);
  return lastVerified === undefined ? `Signed in, but it could not be verified: ${text}` : text;
}

/** What `muster check NAME --sign-in` finds: the first broken link, and whose turn it is. */
async function showVerdict(
  connection: Connection,
  server: Row,
  info: CommandContext['info'],
): Promise<void> {
  try {
    const { links, possible } = (await checkSignIn(connection, server)).signIn;
    // A link behind the browser is what has just failed.
    const broken = possible ? undefined : links.find(({ status }) => status === 'broken');
    if (broken === undefined) {
      info('Check of the sign-in: every link up to the browser is good.');
      return;
    }
    info(cellText(`Check of the sign-in: ${brokenText(broken)} ${broken.fix ?? ''}`));
    info(`For all links, run: muster check ${qualifiedName(server)} --sign-in`);
  } catch (error) {
    // The failure itself is reported next.
    if (!(error instanceof CliError)) throw error;
  }
}

/**
 * Single sign-on for all servers that use it. The person stays signed in to muster even if it
 * fails.
 */
async function runSingleSignOn(
  connection: Connection,
  info: CommandContext['info'],
): Promise<void> {
  try {
    const { rows } = await listServers(connection);
    for (const { row, message } of await verifySessions(connection, rows.filter(usesSso)))
      info(
        `  ${qualifiedName(row)}: ${sessionCell(row)}${because(message ?? row.session?.message)}`,
      );
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    info(`Warning: single sign-on failed: ${error.message}`);
  }
}

const because = (message: string | undefined): string =>
  message === undefined ? '' : ` (${cellText(message)})`;

const ssoOf = ({ session }: SessionAnswer): string =>
  session.sso === undefined ? '' : ` [SSO: ${session.sso}]`;
