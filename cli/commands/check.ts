import { isCheck } from '../api/guards.ts';
import { connectAsPerson } from '../auth/connect.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { checkText, explainedText } from '../output/check-text.ts';
import { isStructured, structured } from '../output/yaml.ts';
import { authorizedRequest } from '../api/authorized-exchange.ts';
import { findServer, notOurs, serverUrl } from '../api/mcpservers.ts';

/** `muster check NAME` */
export async function check(context: CommandContext): Promise<ExitCode> {
  const connection = await connectAsPerson(context);
  const { endpoint } = connection;
  const [name = ''] = context.positionals;
  const server = await findServer(connection, name, context.option('namespace'));
  const url = `${serverUrl(endpoint, server)}/check`;
  // A probe takes up to 10 s.
  const answer = await authorizedRequest(connection, { method: 'POST', url, timeoutMs: 25_000 });
  if (!isCheck(answer)) throw notOurs(endpoint);
  const format = context.option('output');
  const text = context.has('explain') ? explainedText : checkText;
  if (isStructured(format)) context.print(structured(answer, format));
  else context.print(text(answer, context.now()));
  return answer.state === 'Connected' ? exitCodes.done : exitCodes.notMet;
}
