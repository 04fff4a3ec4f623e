import type { Row, SessionAnswer } from '../../functions/model/wire.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';
import { type Connection, findServer, listServers } from '../api/mcpservers.ts';
import { checkSignIn } from '../api/sign-in-check.ts';
import { usesSso, verifySession, verifySessions } from '../api/verify-sessions.ts';
import { hasScreen } from '../auth/browser.ts';
import { confirm } from '../auth/confirm.ts';
import { connectAsPerson, whoIs } from '../auth/connect.ts';
import { endpointOf } from '../auth/endpoint.ts';
import { signInToMuster } from '../auth/muster-login.ts';
import { authenticated, signInToServer } from '../auth/server-login.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { cellText } from '../output/text-table.ts';
import { brokenText } from '../output/sign-in-text.ts';
import { sessionCell } from '../output/table.ts';

/** `muster auth login` */
export async function login(context: CommandContext): Promise<ExitCode> {
  const name = context.option('server');
  const noBrowser = context.has('no-browser');
  const browser = !noBrowser && context.isInteractive() && hasScreen(context.environment);
  const device = context.has('device');
  const { info, now, environment } = context;
  if (name === undefined) {
    const endpoint = await endpointOf(context);
    const pasted = noBrowser || (context.isInteractive() && !browser);
    const { tokens, ...connection } = await signInToMuster({
      endpoint,
      environment,
      browser,
      pasted,
      device,
      confirm: context.isInteractive() ? confirm : undefined,
      info,
      now,
    });
    info(`Signed in to ${endpoint} as ${whoIs(tokens)}.`);
    if (connection.signer === undefined)
      info('A sign-in with --device can only read. To sign in to servers, run: muster auth login');
    else await runSingleSignOn(connection, info);
    return exitCodes.done;
  }
  if (device)
    throw new CliError('--device cannot be combined with --server.', {
      hint: `Run: muster auth login --server ${name} --no-browser`,
    });
  const connection = await connectAsPerson(context);
  const server = await findServer(connection, name);
  const answer = await (server.singleSignOn === undefined
    ? signInToServer({ connection, server, browser, typed: noBrowser, info }).catch(
        async (error: unknown) => {
          const failed = error instanceof CliError && error.exitCode === exitCodes.signInFailed;
          if (failed) await showVerdict(connection, server, info);
          throw error;
        },
      )
    : verifySession(connection, server).then(authenticated));
  info(`Signed in to ${qualifiedName(server)}${ssoOf(answer)}.`);
  const doubt = doubtAbout(answer);
  if (doubt !== undefined) info(`Warning: ${doubt}`);
  return exitCodes.done;
}

/** The issuer has let the person in; the server may not. */
function doubtAbout({ session }: SessionAnswer): string | undefined {
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
