import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { namesAmong } from '../../../functions/model/mcpserver.ts';
import { listServers } from '../../api/mcpservers.ts';
import { RequestFailure } from '../../api/request.ts';
import { usesSso, verifySessions } from '../../api/verify-sessions.ts';
import { connectAsPerson, type EndpointConnection } from '../../auth/connect.ts';
import { NotSignedIn } from '../../auth/not-signed-in.ts';
import { signInToServer } from '../../auth/server-login.ts';
import { stoppable } from '../../auth/stoppable.ts';
import { UnreadableTokens } from '../../token-store/token-files.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { isPending, outage } from '../../output/status-text.ts';
import { counted, sessionCell, sorted } from '../../output/table.ts';
import { cellText } from '../../output/text-table.ts';
import { loginToMuster } from './login-to-muster.ts';
import { doubtAbout } from './login-to-server.ts';
import { requirePerson, vetFlags, waysOf } from './login-ways.ts';

/** What came of the walk so far; the names are as people type them. */
type Walk = {
  readonly done: string[];
  readonly failed: { readonly name: string; readonly message: string }[];
};

/**
 * `muster auth login --all`: signs in to muster if need be, then to each server that waits for this
 * person, one browser at a time. One that fails does not stop the others: exit code 3 at the end.
 * Prints nothing in a script where there is nothing to do.
 */
export async function loginToAll(context: CommandContext): Promise<ExitCode> {
  vetFlags(context);
  // Longer than a single sign-in, which says what is kept.
  return stoppable(walkThrough(context), context.interrupted, 500);
}

async function walkThrough(context: CommandContext): Promise<ExitCode> {
  const { info } = context;
  const connection = await connectAsPerson(context).catch(async (error: unknown) => {
    if (!(error instanceof NotSignedIn || error instanceof UnreadableTokens)) throw error;
    await loginToMuster(context);
    return connectAsPerson(context);
  });
  const { rows } = await listServers(connection, { withConditions: true });
  const nameOf = namesAmong(rows);
  const walk: Walk = { done: [], failed: [] };
  const waiting = sorted(rows).filter((row) => isPending(row) && outage(row) === undefined);
  const bySso = waiting.filter(usesSso);
  for (const { row, message } of await verifySessions(connection, bySso)) {
    if (row.session?.status === 'Authenticated') walk.done.push(nameOf(row));
    else walk.failed.push({ name: nameOf(row), message: message ?? sessionProblem(row) });
  }
  const pending = waiting.filter((row) => !usesSso(row));
  if (waiting.length === 0) {
    if (context.isInteractive()) info('There is nothing to sign in to.');
    return exitCodes.done;
  }
  if (pending.length > 0) requirePerson(context);
  for (const [index, server] of pending.entries()) {
    info(`[${String(index + 1)}/${String(pending.length)}] Signing in to ${nameOf(server)}`);
    const rest = pending.slice(index).map(nameOf);
    await signInTo(context, connection, server, nameOf(server), walk).catch((error: unknown) => {
      if (context.interrupted.aborted) info(stopped(walk, rest));
      throw error;
    });
  }
  for (const line of summary(walk)) info(line);
  return walk.failed.length === 0 ? exitCodes.done : exitCodes.signInFailed;
}

async function signInTo(
  context: CommandContext,
  connection: EndpointConnection,
  server: Row,
  name: string,
  walk: Walk,
): Promise<void> {
  const { info, instruct, interrupted } = context;
  try {
    const ways = waysOf(context);
    const answer = await stoppable(
      signInToServer({ ...ways, connection, server, info, instruct, interrupted }),
      interrupted,
    );
    walk.done.push(name);
    const doubt = doubtAbout(answer);
    info(`Signed in to ${name}.${doubt === undefined ? '' : ` Warning: ${doubt}`}`);
  } catch (error) {
    if (!isAboutThisServer(error)) throw error;
    walk.failed.push({ name, message: error.message });
    info(`Not signed in to ${name}: ${error.message}`);
  }
}

/** Without a sign-in to muster, or without the endpoint, the next ones would fail in the same way. */
const isAboutThisServer = (error: unknown): error is CliError =>
  error instanceof CliError &&
  (error.exitCode === exitCodes.signInFailed ||
    (error instanceof RequestFailure && error.exitCode !== exitCodes.signInRequired));

const sessionProblem = (row: Row): string =>
  cellText(row.session?.message ?? `SESSION is ${sessionCell(row)}`);

function summary({ done, failed }: Walk): readonly string[] {
  const total = done.length + failed.length;
  const [first] = failed;
  return [
    `Signed in to ${String(done.length)} of ${counted(total, 'server')}${listOf(done)}.`,
    ...(first === undefined
      ? []
      : [
          `Not signed in to ${failed.map(({ name }) => name).join(', ')}. To find out why, run: muster check ${first.name} --sign-in`,
        ]),
  ];
}

const stopped = ({ done }: Walk, rest: readonly string[]): string =>
  `Stopped. ${
    done.length === 0 ? '' : `You stay signed in to ${done.join(', ')}. `
  }Not signed in to ${rest.join(', ')}. To continue, run: muster auth login --all`;

const listOf = (names: readonly string[]): string =>
  names.length === 0 ? '' : `: ${names.join(', ')}`;
