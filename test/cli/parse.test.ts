import { expect, test } from 'vitest';
import { commands } from '../../cli/commands/commands.ts';
import { CliError } from '../../cli/context.ts';
import { groupHelp, help } from '../../cli/help.ts';
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
  ['list', 'list mcpserver'],
  ['ls -o json', 'list mcpserver'],
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
  ['list mcpserver --no-headers=yes', '--no-headers takes no value.'],
  ['auth whoami server-a', 'Unexpected argument "server-a". Usage: muster auth whoami'],
  [
    'get mcpserver',
    'Missing argument NAME. Usage: muster get mcpserver NAME [-n NAMESPACE] [-A] [-o FORMAT] [--no-headers]',
  ],
])('muster %s fails: %s', (line, message) => {
  expect(failureOf(line)).toBe(message);
});

test.each([
  ['auth', { kind: 'incomplete', group: 'auth' }],
  ['context', { kind: 'incomplete', group: 'context' }],
  ['context -o json', { kind: 'incomplete', group: 'context' }],
  ['auth --help', { kind: 'groupHelp', group: 'auth' }],
  ['help auth', { kind: 'groupHelp', group: 'auth' }],
  ['frobnicate --help', { kind: 'help' }],
])('muster %s is a request for help', (line, parsed) => {
  expect(parse(line.split(' '))).toEqual(parsed);
});

test('the help of a group lists its subcommands and no other', () => {
  for (const { words, positionals } of commands) {
    const line = `  muster ${[...words, ...positionals].join(' ')} `;
    expect(groupHelp('auth').includes(line)).toBe(words[0] === 'auth');
  }
});

test('the help names every command, and that of one command all its flags', () => {
  for (const command of commands) {
    expect(help()).toContain(`muster ${command.words.join(' ')}`);
    for (const { name, summary } of command.flags)
      expect(help(command)).toMatch(new RegExp(`--${name}.*${summary.replace('.', '\\.')}`));
  }
});
