/**
 * Every command, once: `--help`, the parser and the reference pages are made from these tables. The
 * code of a command is loaded when it runs.
 */
import { authCommands } from './auth-commands.ts';
import type { Command } from './command.ts';
import { contextCommands } from './context-commands.ts';
import { serverCommands } from './server-commands.ts';
import { shellCommands } from './shell-commands.ts';

export const sections = [
  { title: 'Look', commands: serverCommands },
  { title: 'Sign in', commands: authCommands },
  { title: 'Other', commands: [...contextCommands, ...shellCommands] },
] as const satisfies readonly Section[];

/** Commands that the help lists under one title. */
type Section = { readonly title: string; readonly commands: readonly Command[] };

export const commands: readonly Command[] = sections.flatMap(({ commands }) => commands);

/** Every way to type a command: under its own name first, then under its other names. */
export const spellings = ({ words, aliases, also = [] }: Command): readonly string[] =>
  [words, ...aliases.map((alias) => [...words.slice(0, -1), alias]), ...also].map((spelling) =>
    spelling.join(' '),
  );

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
  [4, 'condition not met (check, wait)'],
  [130, 'interrupted (Ctrl-C)'],
] as const;

/** What `muster help` explains beside the commands. */
export const topics = ['environment', 'exit-codes', 'flags'] as const;
export type Topic = (typeof topics)[number];
