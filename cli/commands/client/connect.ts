import { once } from 'node:events';
import { runBridge } from '../../bridge/bridge.ts';
import { accessKeeper } from '../../bridge/server-access.ts';
import { parseServerName } from '../../api/server-names.ts';
import { endpointOf } from '../../endpoint/endpoint.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../../context.ts';

/**
 * `muster connect NAME`: a stdio bridge. It never opens a browser, and never ends because of the
 * server, the endpoint or the sign-in: the client gets an error with the next step instead, and its
 * next message tries again.
 */
export async function connectClient(context: CommandContext): Promise<ExitCode> {
  const { environment, info } = context;
  const [name] = context.positionals;
  if (name === undefined)
    throw new CliError('Missing argument NAME.', { hint: 'Usage: muster connect NAME' });
  parseServerName(name);
  const endpoint = await endpointOf(context);
  const { stdin, stdout } = process;
  if (stdin.isTTY)
    info('Waiting for MCP messages on stdin: MCP clients start this command. Ctrl-C ends it.');
  // The client is gone: it reads nothing any longer.
  const unread = new Promise<void>((resolve) => stdout.once('error', () => resolve()));
  await runBridge({
    name,
    access: accessKeeper(name, endpoint, context),
    environment,
    input: stdin,
    write: async (line) => {
      if (!stdout.write(`${line}\n`)) await Promise.race([once(stdout, 'drain'), unread]);
    },
    warn: info,
    interrupted: Promise.race([
      unread,
      once(context.interrupted, 'abort'),
      ...['SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)),
    ]).then(() => {}),
  });
  stdin.destroy();
  return exitCodes.done;
}
