/** Values that AWS refuses and that MiniStack takes, put into a template in place of right ones. */
import type { Template } from './template.ts';

type Wrong = {
  readonly right: RegExp;
  readonly wrong: string;
  /** Of cfn-lint. */
  readonly rule: string;
};

export const wrongValues: Readonly<Record<string, Wrong>> = {
  'a runtime that Lambda does not have': {
    right: /nodejs24\.x/,
    wrong: 'nodejs99.x',
    rule: 'E3030',
  },
  'more than 4 KB of environment': {
    right: /"MALLOC_ARENA_MAX":"2"/,
    wrong: `"MALLOC_ARENA_MAX":"${'2'.repeat(4096)}"`,
    rule: 'E3697',
  },
  'an action of IAM with a typing error': {
    right: /dynamodb:GetItem/,
    wrong: 'dynamodb:GetItems',
    rule: 'W3037',
  },
  'a word that no alarm knows': {
    right: /GreaterThanOrEqualToThreshold/,
    wrong: 'GreaterThanOrEqualsThreshold',
    rule: 'E3030',
  },
  'letters that are kept longer than SQS keeps any': {
    right: /"MessageRetentionPeriod":\d+/,
    wrong: '"MessageRetentionPeriod":1209601',
    rule: 'E3034',
  },
};

/** Throws where the template has no such value: then nothing would be shown. */
export function withWrongValue(template: Template, name: string): Template {
  const { right, wrong } = wrongValues[name] ?? { right: /(?!)/, wrong: '' };
  const text = JSON.stringify(template);
  if (!right.test(text)) throw new Error(`The template has nothing like ${right.source}.`);
  const changed: Template = JSON.parse(text.replace(right, wrong));
  return changed;
}
