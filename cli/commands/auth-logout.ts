import { qualifiedName } from '../../functions/model/mcpserver.ts';
import { isSessionAnswer } from '../api/guards.ts';
import { findServer, serverUrl } from '../api/mcpservers.ts';
import { request } from '../api/request.ts';
import { connectAsPerson } from '../auth/connect.ts';
import { endpointOf } from '../auth/endpoint.ts';
import { forgetTokens } from '../auth/token-files.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../context.ts';

/**
 * `muster auth logout`: what the endpoint stores is deleted first; with the network down nothing
 * is deleted.
 */
export async function logout(context: CommandContext): Promise<ExitCode> {
  const { info, environment } = context;
  const name = context.option('server');
  const all = context.has('all');
  if (name !== undefined) {
    if (all) throw new CliError('--server cannot be combined with --all.');
    return logoutOfServer(context, name);
  }
  const endpoint = await endpointOf(context);
  if (all) {
    const { bearer } = await connectAsPerson(context);
    await request({ method: 'DELETE', url: `${endpoint}/v1/sessions`, bearer });
    info('Signed out of all MCP servers.');
  }
  const wasSignedIn = await forgetTokens(endpoint, environment, info);
  info(wasSignedIn ? `Signed out of ${endpoint}.` : `You were not signed in to ${endpoint}.`);
  return exitCodes.done;
}

async function logoutOfServer(context: CommandContext, name: string): Promise<ExitCode> {
  const connection = await connectAsPerson(context);
  const { endpoint, bearer } = connection;
  const server = await findServer(connection, name);
  const url = `${serverUrl(endpoint, server)}/session`;
  const answer = await request({ method: 'DELETE', url, bearer });
  // A forwarded token is not stored anywhere: it is there for as long as the person is signed in to
  // muster.
  const remains = isSessionAnswer(answer) && answer.session.sso === 'Forwarded';
  context.info(
    remains
      ? `${qualifiedName(server)} uses your sign-in to muster. To end it, run: muster auth logout`
      : `Signed out of ${qualifiedName(server)}.`,
  );
  return exitCodes.done;
}
