import { type CommandContext, type ExitCode, exitCodes } from '../../context.ts';
import { loginToMuster } from './login-to-muster.ts';
import { loginToServer } from './login-to-server.ts';
import { vetFlags } from './login-ways.ts';

/** `muster auth login`, with and without `--server` */
export async function login(context: CommandContext): Promise<ExitCode> {
  const name = context.option('server');
  vetFlags(context);
  if (name !== undefined) return loginToServer(context, name);
  await loginToMuster(context);
  return exitCodes.done;
}
