import { findServer } from '../api/mcpservers.ts';
import { checkSignIn } from '../api/sign-in-check.ts';
import { connectAsPerson } from '../auth/connect.ts';
import { CliError, type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { signInText } from '../output/sign-in-text.ts';
import { isStructured, structured } from '../output/yaml.ts';

/** `muster check NAME --sign-in` */
export async function checkSignInOf(context: CommandContext): Promise<ExitCode> {
  const [name = ''] = context.positionals;
  if (context.has('explain'))
    throw new CliError('--explain cannot be combined with --sign-in.', {
      hint: `Run: muster check ${name} --sign-in`,
    });
  const connection = await connectAsPerson(context);
  const server = await findServer(connection, name, context.option('namespace'));
  const answer = await checkSignIn(connection, server);
  const format = context.option('output');
  context.print(isStructured(format) ? structured(answer, format) : signInText(answer));
  return answer.signIn.possible ? exitCodes.done : exitCodes.notMet;
}
