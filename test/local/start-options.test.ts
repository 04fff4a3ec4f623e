import { describe, expect, test } from 'vitest';
import { readOptions, UsageError } from '../../local/start-options.ts';

test.each([
  ['a file that is not there', ['--servers', '/nowhere.yaml'], 'There is no file /nowhere.yaml.'],
  ['a kubeconfig that is not there', ['--kubeconfig', '/nowhere'], 'There is no file /nowhere.'],
  ['an option that is not known', ['--sweep', '1'], '--sweep'],
  ['a number that is none', ['--sweeps', 'many'], '--sweeps many is not a whole number'],
  ['an interval that is none', ['--interval', 'soon'], '--interval soon'],
  [
    'a format that is not known',
    ['-o', 'xml'],
    'Unknown output format "xml". Use -o table or -o json.',
  ],
  ['a person that is not known', ['--as', 'bob'], 'Use --as with one of: ada, grace, nobody.'],
  [
    'a person and sweeps',
    ['--as', 'ada', '--sweeps', '1'],
    '--as cannot be combined with --sweeps.',
  ],
  [
    'a person and servers of your own',
    ['--as', 'grace', '--servers', 'package.json'],
    '--as cannot be combined with --servers.',
  ],
])('%s is one clear line', (_what, args, words) => {
  const read = () => readOptions(args);
  expect(read).toThrow(UsageError);
  expect(read).toThrow(words);
  expect(read).not.toThrow('\n');
});

describe('the person who sees the second list', () => {
  test.each([
    ['is ada in the demo', [], 'ada'],
    ['is the one that is asked for', ['--as', 'grace'], 'grace'],
    ['can be nobody', ['--as', 'nobody'], undefined],
    ['is nobody where the output is data', ['-o', 'json'], undefined],
    ['is nobody where a number of sweeps is asked for', ['--sweeps', '3'], undefined],
    ['is nobody where the servers are your own', ['--servers', 'package.json'], undefined],
    ['is nobody in a cluster of your own', ['--kubeconfig', 'package.json'], undefined],
  ])('%s', (_what, args, expected) => {
    expect(readOptions(args)?.as).toBe(expected);
  });
});
