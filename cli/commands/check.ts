import type { Check } from '../../functions/model/wire.ts';
import { reasonGlossary } from '../../functions/model/glossary.ts';
import { isCheck } from '../api/guards.ts';
import { connectAsPerson } from '../auth/connect.ts';
import { type CommandContext, type ExitCode, exitCodes } from '../context.ts';
import { cellText } from '../output/text-table.ts';
import { isStructured, structured } from '../output/yaml.ts';
import { authorizedRequest } from '../api/authorized-exchange.ts';
import { findServer, notOurs, serverUrl } from '../api/mcpservers.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';

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
  if (isStructured(format)) context.print(structured(answer, format));
  else context.print(context.has('explain') ? explained(answer) : `${summary(answer)}\n`);
  return answer.state === 'Connected' ? exitCodes.done : exitCodes.notMet;
}

const summary = ({ name, state, reason, observed }: Check): string =>
  cellText(`${name}: ${state ?? '-'} (${reason}): ${observed}`);

/** Every fact of one probe, in the order of the probe. */
export function explained(check: Check): string {
  const total = check.stages.reduce((sum, { ms }) => sum + ms, 0);
  const stages = check.stages.map(({ stage, ms }) => `${stage} ${rounded(ms)}`).join(', ');
  const facts: readonly (readonly [string, string])[] = [
    ['Server', qualifiedName(check)],
    ['Observed', check.observed],
    ['Stages', stages === '' ? '-' : `${stages} (${rounded(total)} total)`],
    ['State', check.state ?? '-'],
    ['Reason', check.reason],
    ['Message', check.message],
    [
      'Sign-in',
      { True: 'required', False: 'not required', Unknown: 'unknown' }[check.authRequired] ??
        'unknown',
    ],
    [
      'Failures',
      check.consecutiveFailures === 0 ? 'none' : `${String(check.consecutiveFailures)} in a row`,
    ],
    ['Next', isKnown(check.reason) ? nextStep(reasonGlossary[check.reason].hint, check) : '-'],
  ];
  return facts.map(([fact, text]) => `${`${fact}:`.padEnd(10)} ${cellText(text)}\n`).join('');
}

const isKnown = (reason: string): reason is keyof typeof reasonGlossary =>
  Object.hasOwn(reasonGlossary, reason);

/**
 * A hint of the glossary for this server: with its name, without backticks, and without the advice
 * to run the command that prints it.
 */
const nextStep = (hint: string, server: Check): string => {
  const steps = hint
    .replaceAll('`', '')
    .split(/(?<=[.?]) /)
    .flatMap((step) => {
      if (!step.includes('muster check ')) return [step];
      const [, rest = ''] = step.split(': ');
      return rest === '' ? [] : [`${rest.charAt(0).toUpperCase()}${rest.slice(1)}`];
    });
  return steps.length === 0 ? '-' : steps.join(' ').replaceAll('NAME', qualifiedName(server));
};

const rounded = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : String(Math.round(ms))} ms`;
