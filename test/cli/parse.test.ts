import { expect, test } from 'vitest';
import { CliError } from '../../cli/context.ts';
import { parse } from '../../cli/parse.ts';

const failureOf = (line: string): string => {
  try {
    parse(line.split(' '));
  } catch (error) {
    if (error instanceof CliError) return `${error.message} ${error.hint ?? ''}`.trim();
    throw error;
  }
  return 'no failure';
};

test.each([
  ['list mcpserver', 'list mcpserver'],
  ['list mcpservers', 'list mcpserver'],
  ['list mcps', 'list mcpserver'],
  ['--endpoint https://x list mcps -ojson', 'list mcpserver'],
  ['get mcps server-a --output=yaml', 'get mcpserver'],
  ['auth login --server team-a/server-a', 'auth login'],
  ['check server-a --explain', 'check'],
])('muster %s runs "%s"', (line, words) => {
  const parsed = parse(line.split(' '));
  expect(parsed.kind === 'run' && parsed.command.words.join(' ')).toBe(words);
});

test.each([
  ['list mcpsrver', 'Unknown command "list mcpsrver". Did you mean: muster list mcpserver'],
  ['auth frobnicate', 'Unknown command "auth frobnicate". Run: muster auth --help'],
  ['fly', 'Unknown command "fly". Run: muster --help'],
  ['lst mcpserver', 'Unknown command "lst mcpserver". Did you mean: muster list mcpserver'],
  [
    'list mcpserver --outptu json',
    'Unknown flag --outptu for muster list mcpserver. Did you mean: --output',
  ],
  [
    'list mcpserver --explain',
    'Unknown flag --explain for muster list mcpserver. Run: muster list mcpserver --help',
  ],
  [
    'list mcpserver -x',
    'Unknown flag -x for muster list mcpserver. Run: muster list mcpserver --help',
  ],
  [
    'list mcpserver -o jsn',
    'Unknown output format "jsn" (valid: table, wide, json, yaml, name). Did you mean: -o json',
  ],
  ['list mcpserver -o', '-o needs a value: table, wide, json, yaml, name.'],
  ['list mcpserver -o --no-headers', '-o needs a value: table, wide, json, yaml, name.'],
  [
    'list mcpserver --no-headers=yes',
    '--no-headers is a switch: it takes true, false or no value.',
  ],
  [
    'list mcpserver -n=Team_A',
    '--namespace: "Team_A" is not a namespace. Use small letters, digits and dashes, such as team-a.',
  ],
  ['list mcpserver --timeout soon', '--timeout: "soon" is not a time, such as 30s, 2m or 1h30m.'],
  [
    'list mcpserver -o jsonpath={.items}',
    'Unknown output format "jsonpath={.items}" (valid: table, wide, json, yaml, name). Use -o json and a program such as jq.',
  ],
  ['--bogus', 'Unknown flag --bogus. Run: muster --help'],
  ['--verison', 'Unknown flag --verison. Did you mean: --version'],
  ['auth --bogus', 'Unknown flag --bogus for muster auth. Run: muster auth --help'],
  ['--otput json list mcpserver', 'Unknown flag --otput. Did you mean: --output'],
  ['mcpserver list', 'Unknown command "mcpserver list". Did you mean: muster list mcpserver'],
  ['mcps get server-a', 'Unknown command "mcps get". Did you mean: muster get mcps'],
  ['login', 'Unknown command "login". Did you mean: muster auth login'],
  ['whoami -q', 'Unknown command "whoami". Did you mean: muster auth whoami'],
  ['help bogus', 'Unknown command "bogus". Run: muster --help'],
  ['help auth lgin', 'Unknown command "auth lgin". Did you mean: muster auth login'],
  ['help enviroment', 'There is no help for "enviroment". Did you mean: muster help environment'],
  ['frobnicate --help', 'Unknown command "frobnicate". Run: muster --help'],
  [
    'completion tcsh',
    'Unknown SHELL "tcsh" (valid: bash, zsh, fish, powershell). Usage: muster completion SHELL',
  ],
  ['-o json', 'No command. Run: muster --help'],
  [
    'list mcpserver server-a',
    'Unexpected argument "server-a". Usage: muster list mcpserver [flags]',
  ],
  ['describe', 'Missing argument NAME. Usage: muster describe NAME... [flags]'],
])('muster %s fails: %s', (line, message) => {
  expect(failureOf(line)).toBe(message);
});

test.each([
  ['auth', { kind: 'incomplete', group: 'auth' }],
  ['list', { kind: 'incomplete', group: 'list' }],
  ['list -o json', { kind: 'incomplete', group: 'list' }],
  ['auth --help', { kind: 'groupHelp', group: 'auth' }],
  ['help auth', { kind: 'groupHelp', group: 'auth' }],
  ['help environment', { kind: 'topicHelp', topic: 'environment' }],
  ['help exit-codes', { kind: 'topicHelp', topic: 'exit-codes' }],
  ['', { kind: 'help' }],
  ['-h', { kind: 'help' }],
])('muster %s is a request for help', (line, parsed) => {
  expect(parse(line.split(' ').filter(Boolean))).toEqual(parsed);
});

const chosen = (line: string): unknown => {
  const parsed = parse(line.split(' '));
  return parsed.kind === 'run' ? Object.fromEntries(parsed.flags) : parsed.kind;
};

test.each([
  ['list mcpserver -n=team', { namespace: 'team' }],
  ['list mcpserver -n team', { namespace: 'team' }],
  ['list mcpserver -nteam', { namespace: 'team' }],
  ['list mcpserver -o=json -A', { output: 'json', 'all-namespaces': true }],
  ['list mcpserver -A=true --no-headers=false', { 'all-namespaces': true }],
  ['list mcpserver --no-headers --no-headers=false', {}],
  ['list mcpserver -q --no-color --timeout 5s', { quiet: true, 'no-color': true, timeout: '5s' }],
  ['list mcpserver --help=false', {}],
  ['list mcpserver -v', 'version'],
  ['-v', 'version'],
])('muster %s has the flags that a person means', (line, flags) => {
  expect(chosen(line)).toEqual(flags);
});

test('what follows -- is an argument, whatever it looks like', () => {
  const parsed = parse(['check', '--', '-n=x']);
  expect(parsed.kind === 'run' && parsed.positionals).toEqual(['-n=x']);
});
