import { argumentReader } from '../../infra/arguments/reader.ts';
import { heartbeatOf, readCapacity } from '../../infra/arguments/capacity.ts';
import {
  environmentBytes,
  functionEnvironments,
  mostEnvironmentBytes,
} from '../../infra/arguments/function-environment.ts';
import { readSettings } from '../../infra/arguments/settings.ts';
import { SettingError } from '../../functions/model/setting-reader.ts';
import { apiSettingsOf, sweepSettingsOf } from './function-settings.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem } = findingsOf('environment');

/** Whether each function takes its settings: their size, and their values by its own readers. */
export async function checkEnvironment({
  stage,
  environment,
}: Pick<Checked, 'stage' | 'environment'>): Promise<readonly Finding[]> {
  const from = argumentReader(environment);
  const eks = environment['EKS_CLUSTER'];
  const all = functionEnvironments(
    {
      settings: readSettings(from),
      cluster: eks ? { kind: 'eks', name: eks } : { kind: 'kubeconfig' },
      // The arguments report a FLEET_SIZE that is no number.
      heartbeatSeconds: readCapacity(from).heartbeatSeconds || heartbeatOf(1),
    },
    stage,
  );
  const sizes = Object.entries(all).map(([name, variables]) => ({
    name,
    bytes: environmentBytes(variables),
  }));
  const fits = sizes.every(({ bytes }) => bytes <= mostEnvironmentBytes);
  const wrong = new Set([
    ...problemsOf(() => sweepSettingsOf(all.Sweep)),
    ...problemsOf(() => apiSettingsOf(all.Api)),
  ]);
  return [
    ...[...wrong].map((line) => settingProblem(line)),
    // Larger ones are among the problems with the arguments.
    ...(fits
      ? [
          ok(
            `${sizes.map(({ name, bytes }) => `${name} ${bytes}`).join(' and ')} of ${mostEnvironmentBytes} bytes at most.`,
          ),
        ]
      : []),
  ];
}

function settingProblem(line: string): Finding {
  const [, text = line, hint = 'Correct it in .env.'] = /^(.*?\.) +([A-Z].*)$/.exec(line) ?? [];
  return problem(text, hint);
}

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    // What is missing is among the problems with the arguments.
    return error.message.split('\n').filter((line) => !line.includes(' is not set. '));
  }
}
