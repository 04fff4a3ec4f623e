/**
 * Every command, once: `--help`, the parser and the reference pages are made from these tables. The
 * code of a command is loaded when it runs.
 */
import { authCommands } from './auth-commands.ts';
import { clientCommands } from './client-commands.ts';
import type { Command } from './command.ts';
import { contextCommands } from './context-commands.ts';
import { serverCommands } from './server-commands.ts';

export const commands: readonly Command[] = [
  ...serverCommands,
  ...authCommands,
  ...clientCommands,
  ...contextCommands,
];

/** Every way to type a command: under its own name first, then under its aliases. */
export function spellings({ words, aliases }: Command): readonly string[] {
  const prefix = words.slice(0, -1).join(' ');
  return [...words.slice(-1), ...aliases].map((name) => `${prefix} ${name}`.trimStart());
}

/** First words that need a second one: `auth`, `get`, `list`. */
export const groups: readonly string[] = [
  ...new Set(commands.filter(({ words }) => words.length > 1).map(({ words }) => words[0] ?? '')),
];

/** What the exit codes mean, for the help and the reference pages. */
export const exitCodeSummaries = [
  [0, 'done'],
  [1, 'error'],
  [2, 'sign-in required'],
  [3, 'sign-in failed'],
  [4, 'condition not met (check)'],
] as const;
