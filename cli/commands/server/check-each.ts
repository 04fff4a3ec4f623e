import { qualifiedName } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { inParallel } from '../../api/in-parallel.ts';
import { NoResponse } from '../../api/no-response.ts';
import { RequestFailure } from '../../api/request.ts';
import { CliError, exitCodes } from '../../context.ts';
import type { CheckResult } from './check-kinds.ts';

export type Checked = { readonly row: Row; readonly result: CheckResult };
export type Unchecked = { readonly row: Row; readonly error: CliError };

export type ChecksResult = {
  readonly checked: readonly Checked[];
  readonly problems: readonly Unchecked[];
  /** The endpoint allows no more for now: what to report, with the names of the rest. */
  readonly stopped?: CliError;
};

/** Few: the endpoint probes each of them at once. */
const parallel = 4;

/**
 * Checks these servers, a few at a time. `report` gets each result as soon as those before it are
 * there. When the endpoint refuses more checks (429), nothing more is asked. Throws what concerns
 * every server: no response, or a sign-in that is required.
 */
export async function checkEach(
  rows: readonly Row[],
  check: (row: Row) => Promise<CheckResult>,
  report: (checked: Checked) => void,
): Promise<ChecksResult> {
  let refusal: CliError | undefined;
  const done = new Map<Row, Checked | Unchecked>();
  const unreported = [...rows];
  const reportInOrder = (): void => {
    for (;;) {
      const [next] = unreported;
      const one = next && done.get(next);
      if (one === undefined) return;
      unreported.shift();
      if ('result' in one) report(one);
    }
  };
  await inParallel(parallel, rows, async (row) => {
    if (refusal !== undefined) return;
    try {
      done.set(row, { row, result: await check(row) });
    } catch (error) {
      if (!(error instanceof CliError) || concernsAll(error)) throw error;
      if (error instanceof RequestFailure && error.status === 429) refusal = error;
      else done.set(row, { row, error });
    }
    reportInOrder();
  });
  const all = rows.flatMap((row) => done.get(row) ?? []);
  const rest = rows.filter((row) => !done.has(row));
  const results = {
    checked: all.filter((one) => 'result' in one),
    problems: all.filter((one) => 'error' in one),
  };
  if (refusal === undefined) return results;
  const error = refusal;
  return {
    checked: results.checked,
    problems: [...results.problems, ...rest.map((row) => ({ row, error }))],
    stopped: stoppedAt(error, rest),
  };
}

const concernsAll = (error: CliError): boolean =>
  error instanceof NoResponse || error.exitCode === exitCodes.signInRequired;

const mostNames = 5;

function stoppedAt(error: CliError, rest: readonly Row[]): CliError {
  const names = rest.slice(0, mostNames).map(qualifiedName).join(', ');
  const more = rest.length > mostNames ? ` and ${String(rest.length - mostNames)} more` : '';
  return new CliError(`${error.message} Not checked: ${names}${more}.`, { hint: error.hint });
}
