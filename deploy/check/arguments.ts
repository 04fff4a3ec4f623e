import { ArgumentError, readArguments } from '../../infra/arguments.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem } = findingsOf('arguments');

/** What `sst deploy` itself refuses, in its own words. */
export async function checkArguments({
  environment,
}: Pick<Checked, 'environment'>): Promise<readonly Finding[]> {
  try {
    readArguments(environment);
    return [ok('Everything that the deployment needs is set in .env.')];
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    return problemsIn(error).map((line) => {
      const [, text = line, hint = ''] = /^(.*?[.:]) +([A-Z].*)$/s.exec(line) ?? [];
      return problem(text.replace(/:$/, '.'), hint);
    });
  }
}

/** The lines below the first one. */
const problemsIn = ({ message }: ArgumentError): readonly string[] =>
  message
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^[\s-]+/, ''));
