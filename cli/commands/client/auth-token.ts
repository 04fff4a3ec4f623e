import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import { serverNamed } from '../../api/mcpservers.ts';
import { releaseToken } from '../../api/release-token.ts';
import { RequestFailure } from '../../api/request.ts';
import { connectAsPerson } from '../../auth/connect.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';

/**
 * `muster auth token`: the person's own access token for one MCP server, the only secret that a
 * command prints. Nothing but the token, or its header, goes to stdout.
 */
export async function token(context: CommandContext): Promise<ExitCode> {
  const name = context.option('server');
  if (name === undefined)
    throw new CliError('muster auth token needs --server.', {
      hint: 'It prints your token for one MCP server. The command of this name of giantswarm/muster prints your sign-in to muster. For the names of servers, run: muster list mcpserver',
    });
  const { tokens, ...connection } = await connectAsPerson(context);
  const server = await serverNamed(connection, name);
  const { released } = await releaseToken(connection, server, {}).catch(asSignInRequired);
  switch (released.kind) {
    case 'open':
      throw new CliError(`${qualifiedName(server)} asks for no sign-in, so there is no token.`, {
        hint: `Send requests without a token to ${released.url}`,
      });
    case 'forwarded':
      context.info(
        `${qualifiedName(server)} takes your sign-in to muster: this is your ID token. Send it only to ${released.url}`,
      );
      return printed(context, tokens.idToken);
    case 'token':
      return printed(context, released.accessToken);
  }
}

/** Scripts branch on the exit code: a sign-in to this server is missing or has ended. */
function asSignInRequired(error: unknown): never {
  const isMissing =
    error instanceof RequestFailure &&
    error.status === 409 &&
    error.hint?.startsWith('Run: muster auth login') === true;
  throw isMissing
    ? new CliError(error.message, { exitCode: exitCodes.signInRequired, hint: error.hint })
    : error;
}

function printed({ has, print }: CommandContext, secret: string): ExitCode {
  print(`${has('header') ? JSON.stringify({ Authorization: `Bearer ${secret}` }) : secret}\n`);
  return exitCodes.done;
}
