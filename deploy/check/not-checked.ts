import { awsFailure } from '../aws-access.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

type Unanswered = {
  readonly subject: Finding['subject'];
  /** What is not known now, as the rest of a sentence. */
  readonly text: string;
  /** Which rights it takes. */
  readonly hint: string;
};

/** For a check that AWS did not answer. The identity is a check of its own. */
export function notChecked(
  error: unknown,
  environment: Checked['environment'],
  { subject, text, hint }: Unanswered,
): Finding {
  const { unknown } = findingsOf(subject);
  const failure = awsFailure(error, environment);
  return failure.kind === 'identity'
    ? unknown('Not checked: AWS did not accept your identity.', 'Fix the identity first.')
    : unknown(`${text} (${failure.kind === 'other' ? failure.name : failure.kind}).`, hint);
}
