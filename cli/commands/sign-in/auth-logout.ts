import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import { isSessionAnswer, isSignedOut } from '../../api/guards.ts';
import { findServer, serverUrl } from '../../api/mcpservers.ts';
import { provenRequest } from '../../api/proven-request.ts';
import { connect, connectAsPerson } from '../../auth/connect.ts';
import { endpointOf } from '../../endpoint/endpoint.ts';
import { removeKey } from '../../auth/enroll-key.ts';
import { tokenVariable } from '../../token-store/given-token.ts';
import { noteSessionChange } from '../../token-store/session-change.ts';
import { forgetTokens } from '../../token-store/token-files.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { inUseText } from '../../output/in-use-text.ts';
import { counted } from '../../output/table.ts';
import { listKeys } from './auth-keys.ts';

/**
 * `muster auth logout`. With `--all`, what the endpoint stores is deleted first; with the network
 * down nothing is deleted.
 */
export async function logout({
  option,
  has,
  now,
  info,
  environment,
}: CommandContext): Promise<ExitCode> {
  // A token that a script brings is not ours to end.
  const own = { ...environment, [tokenVariable]: undefined };
  const code = await logoutOfMachine({ option, has, now, info, environment: own });
  if (environment[tokenVariable])
    info(`Warning: ${tokenVariable} is set. Commands still use its token.`);
  return code;
}

type LogoutContext = Pick<CommandContext, 'option' | 'has' | 'now' | 'info' | 'environment'>;

async function logoutOfMachine(context: LogoutContext): Promise<ExitCode> {
  const { info, environment } = context;
  const name = context.option('server');
  const all = context.has('all');
  if (name !== undefined) {
    if (all) throw new CliError('--server cannot be combined with --all.');
    return logoutOfServer(context, name);
  }
  const endpoint = await endpointOf(context);
  if (all) await logoutEverywhere(context);
  else await removeOwnKey(context, endpoint);
  const wasSignedIn = await forgetTokens(endpoint, environment, info);
  info(wasSignedIn ? `Signed out of ${endpoint}.` : `You were not signed in to ${endpoint}.`);
  return exitCodes.done;
}

/** All grants, then the keys of all machines, that of this one last: it makes the proofs. */
async function logoutEverywhere(context: LogoutContext): Promise<void> {
  const connection = await connectAsPerson(context);
  const answer = await provenRequest(connection, {
    method: 'DELETE',
    url: `${connection.endpoint}/v1/sessions`,
    timeoutMs: 30_000,
  });
  context.info('Signed out of all MCP servers.');
  if (isSignedOut(answer) && answer.inUse !== undefined)
    context.info(inUseText(answer.inUse, context.now()));
  const own = connection.signer?.thumbprint;
  const others = (await listKeys(connection)).filter(({ thumbprint }) => thumbprint !== own);
  await Promise.all(others.map(({ thumbprint }) => removeKey(connection, thumbprint)));
  if (own !== undefined) await removeKey(connection, own);
  if (others.length > 0)
    context.info(`Removed the keys of ${counted(others.length, 'other machine')}.`);
}

/**
 * A person can sign out of this machine without a network. The private key goes with the file, so a
 * key that the endpoint still knows is of no use.
 */
async function removeOwnKey(context: LogoutContext, endpoint: string): Promise<void> {
  try {
    const { signer, ...connection } = await connect(context);
    if (signer !== undefined) await removeKey({ ...connection, signer }, signer.thumbprint);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.info(`Warning: ${endpoint} still lists the key of this machine: ${error.message}`);
  }
}

async function logoutOfServer(context: LogoutContext, name: string): Promise<ExitCode> {
  const connection = await connectAsPerson(context);
  const server = await findServer(connection, name);
  const url = `${serverUrl(connection.endpoint, server)}/session`;
  const answer = await provenRequest(connection, { method: 'DELETE', url });
  await noteSessionChange(connection.endpoint, context.environment, context.now());
  const answered = isSessionAnswer(answer) ? answer : undefined;
  // A forwarded token is not stored anywhere: it is there for as long as the person is signed in to
  // muster.
  const remains = answered?.session.sso === 'Forwarded';
  context.info(
    remains
      ? `${qualifiedName(server)} uses your sign-in to muster. To end it, run: muster auth logout`
      : `Signed out of ${qualifiedName(server)}.`,
  );
  if (answered?.inUse !== undefined) context.info(inUseText(answered.inUse, context.now()));
  return exitCodes.done;
}
