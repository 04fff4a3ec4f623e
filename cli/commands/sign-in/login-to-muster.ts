import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import { type Connection, listServers } from '../../api/mcpservers.ts';
import { usesSso, verifySessions } from '../../api/verify-sessions.ts';
import { confirm } from '../../auth/ask-person.ts';
import { whoIs } from '../../auth/connect.ts';
import { requireTerminal } from '../../endpoint/endpoint-trust.ts';
import { endpointOf } from '../../endpoint/endpoint.ts';
import { signInToMuster } from '../../auth/muster-login.ts';
import { stoppable } from '../../auth/stoppable.ts';
import { readTokens } from '../../token-store/token-files.ts';
import { CliError, type CommandContext } from '../../context.ts';
import { sessionCell } from '../../output/table.ts';
import { cellText } from '../../output/text-table.ts';
import { requirePerson, waysOf } from './login-ways.ts';

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
  else await stoppable(runSingleSignOn(connection, info), interrupted);
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
    const { rows } = await listServers(connection, { withConditions: false });
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
