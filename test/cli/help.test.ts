import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../cli/commands/command.ts';
import { commands, groups, topics } from '../../cli/commands/commands.ts';
import { environmentVariables } from '../../cli/commands/environment-variables.ts';
import { globalFlags } from '../../cli/commands/flags.ts';
import { helpText } from '../../cli/help.ts';
import { parse } from '../../cli/parse.ts';
import { exitCodes } from '../../cli/context.ts';

const overview = helpText({ kind: 'help' });
const pageOf = (command: Command): string => helpText({ kind: 'help', command });
const named = commands.map((command) => [command.words.join(' '), command] as const);

const allTexts = [
  ['the overview', overview],
  ...named.map(([words, command]) => [words, pageOf(command)] as const),
  ...groups.map((group) => [group, helpText({ kind: 'groupHelp', group })] as const),
  ...topics.map((topic) => [topic, helpText({ kind: 'topicHelp', topic })] as const),
] as const;

test.each(allTexts)('the help of %s fits 80 columns', (_words, text) => {
  // An example is there to be copied: it is not broken.
  const lines = text.replace(/^Examples\n( {2}.*\n)+/m, '').split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.filter((line) => line.endsWith(' '))).toEqual([]);
});

test('the overview names every command under its title, and says that nothing is reported', () => {
  const lines = overview.split('\n').map((line) => `${line} `);
  for (const { words, positionals } of commands) {
    const start = `  ${[...words, ...positionals].join(' ')} `;
    expect(lines.filter((line) => line.startsWith(start))).toHaveLength(1);
  }
  expect(overview.match(/^(Look|Sign in|Use|Other|Help)$/gm)).toContain('Look');
  expect(overview).toContain('No telemetry and no update checks.');
});

test('the help of a group lists its subcommands and no other', () => {
  const text = helpText({ kind: 'groupHelp', group: 'auth' });
  for (const { words } of commands)
    expect(text.includes(`  ${words.join(' ')} `)).toBe(words[0] === 'auth');
});

describe.each(named)('the help of %s', (_words, command) => {
  const text = pageOf(command);

  test('has every flag', () => {
    for (const { name } of command.flags) expect(text).toContain(`--${name}`);
  });

  test('names its exit codes', () => {
    expect(text).toMatch(/^Exit codes: 0 done, 1 error/m);
    for (const [code] of command.exits ?? []) {
      expect(text).toMatch(new RegExp(`\\b${String(code)} \\w`));
      expect(Object.values(exitCodes)).toContain(code);
    }
  });

  test('has examples that the parser takes, the first one for this command', () => {
    for (const example of command.examples) {
      expect(text).toContain(`  ${example}\n`);
      const [, typed = ''] = /\bmuster ([^|>;)]*)/.exec(example) ?? [];
      const parsed = parse(typed.trim().split(/\s+/).map(unquoted));
      expect(parsed.kind).toBe('run');
      if (example === command.examples[0])
        expect(parsed.kind === 'run' && parsed.command).toBe(command);
    }
    expect(command.examples.length).toBeGreaterThan(0);
  });
});

const unquoted = (word: string): string => word.replace(/^(["'])(.*)\1$/, '$2');

test('the help of flags has every global flag', () => {
  const text = helpText({ kind: 'topicHelp', topic: 'flags' });
  for (const { name } of globalFlags) expect(text).toContain(`--${name}`);
});

test('the help of the environment names every variable that the command reads', async () => {
  const folder = new URL('../../cli/', import.meta.url);
  const files = await readdir(folder, { recursive: true });
  const sources = await Promise.all(
    files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFile(new URL(file, folder), 'utf8')),
  );
  const read = new Set(
    sources.flatMap((source) =>
      [...source.matchAll(/(?:\benv|environment|given)(?:\[|\()'([A-Z_]+)'/g)].map(
        ([, name]) => name,
      ),
    ),
  );
  // Windows sets it itself.
  read.delete('SystemRoot');
  const known = new Set(environmentVariables.map(([name]) => name));
  expect([...read].filter((name) => !known.has(name ?? ''))).toEqual([]);
  expect(read.size).toBeGreaterThan(5);
});
