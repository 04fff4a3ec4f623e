import { messageOf } from '../../functions/model/error-message.ts';
import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import type { StageSecrets } from './stage-secrets.ts';
import type { Deployment } from '../environment.ts';
import { type Finding, findingsOf, type Subject } from './finding.ts';

/** What every check gets. */
export type Checked = Omit<Deployment, 'rest'> & {
  /** Read once for all checks. */
  readonly secrets: () => Promise<StageSecrets>;
};

export type Check = {
  readonly subject: Subject;
  readonly run: (checked: Checked) => Promise<readonly Finding[]>;
};

/**
 * Runs the checks side by side and gives their findings in the order of the checks. One that fails
 * or does not end in time is a finding of its own and hides no other.
 */
export async function runChecks(
  checks: readonly Check[],
  checked: Checked,
  timeoutMs = 30_000,
): Promise<readonly Finding[]> {
  const found = checks.map(({ subject, run }) => inTime(subject, run(checked), timeoutMs));
  return (await Promise.all(found)).flat();
}

async function inTime(
  subject: Subject,
  running: Promise<readonly Finding[]>,
  timeoutMs: number,
): Promise<readonly Finding[]> {
  const { unknown } = findingsOf(subject);
  const again = 'Run the check again. If it stays, check the network between here and AWS.';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    timer = setTimeout(
      () => resolve([unknown(`There was no answer within ${timeoutMs / 1000} s.`, again)]),
      timeoutMs,
    );
  });
  const failed = (error: unknown): readonly Finding[] => [
    unknown(`The check failed: ${oneLineWithoutSecrets(messageOf(error), 300)}`, again),
  ];
  try {
    return await Promise.race([running.catch(failed), late]);
  } finally {
    clearTimeout(timer);
  }
}
