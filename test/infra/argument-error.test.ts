import { expect, test } from 'vitest';
import { readArguments } from '../../infra/arguments.ts';
import { inspect } from 'node:util';

const thrown = (): Error => {
  try {
    readArguments({});
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('A deployment without arguments was accepted.');
};

test('problems of arguments are printed as lines, without a stack', () => {
  // As @pulumi/pulumi 3.215 prints what a program throws (cmd/run/error.js, defaultErrorMessage);
  // SST 4.17.1 passes that on.
  const printed = inspect(thrown(), { colors: true });
  expect(printed.split('\n')).toEqual([
    'The deployment cannot start:',
    expect.stringMatching(/^- AWS_REGION is not set: /),
    expect.stringMatching(/^- OIDC_ISSUER is not set: /),
    expect.stringMatching(/^- OIDC_CLIENT_ID is not set: /),
    ...Array.from({ length: printed.split('\n').length - 4 }, () => expect.stringMatching(/^- /)),
  ]);
});
