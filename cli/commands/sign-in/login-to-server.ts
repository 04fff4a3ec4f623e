import type { Row } from '../../../functions/model/wire/server-wire.ts';
import type { SessionAnswer } from '../../../functions/model/wire/session-wire.ts';
import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import { type Connection, findServer } from '../../api/mcpservers.ts';
import { checkSignIn } from '../../api/sign-in-check.ts';
import { verifySession } from '../../api/verify-sessions.ts';
import { connectAsPerson } from '../../auth/connect.ts';
import { authenticated, NotStarted, signInToServer } from '../../auth/server-login.ts';
import { stoppable } from '../../auth/stoppable.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { brokenText } from '../../output/sign-in-text.ts';
import { outage } from '../../output/status-text.ts';
import { age } from '../../output/table.ts';
import { cellText } from '../../output/text-table.ts';
import { requirePerson, waysOf } from './login-ways.ts';

/** `muster auth login --server NAME` */
export async function loginToServer(context: CommandContext, name: string): Promise<ExitCode> {
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
  error instanceof CliError &&
  error.exitCode === exitCodes.signInFailed &&
  !(error instanceof NotStarted);

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

const ssoOf = ({ session }: SessionAnswer): string =>
  session.sso === undefined ? '' : ` [SSO: ${session.sso}]`;
