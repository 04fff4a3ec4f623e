/** Endpoints with names. */
import type { Command, Flag } from './command.ts';

const contextOutput: Flag = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  values: ['table', 'json', 'yaml'],
  summary: 'Output format.',
};

export const contextCommands: readonly Command[] = [
  {
    words: ['context', 'add'],
    aliases: [],
    positionals: ['NAME', 'URL'],
    summary:
      'Trust an endpoint with your sign-in, under a name. Prints its issuer and client ID, and asks on a terminal.',
    flags: [{ name: 'yes', short: 'y', summary: 'Do not ask.' }],
    examples: [
      'muster context add prod https://muster.example.com',
      'muster context add ci https://muster.example.com --yes',
    ],
    run: async (context) => (await import('./contexts.ts')).add(context),
  },
  {
    words: ['context', 'list'],
    aliases: [],
    positionals: [],
    summary: 'List the endpoints that you trust. Those without a name come from a sign-in.',
    flags: [contextOutput],
    examples: ['muster context list', 'muster context list -o json'],
    run: async (context) => (await import('./contexts.ts')).list(context),
  },
  {
    words: ['context', 'use'],
    aliases: [],
    positionals: ['NAME'],
    summary: 'Choose the endpoint that commands use when no other is set.',
    flags: [],
    examples: ['muster context use prod'],
    run: async (context) => (await import('./contexts.ts')).use(context),
  },
  {
    words: ['context', 'remove'],
    aliases: [],
    positionals: ['NAME'],
    summary: 'No longer trust an endpoint. Takes its name, or its URL if it has none.',
    flags: [],
    examples: ['muster context remove prod'],
    run: async (context) => (await import('./contexts.ts')).remove(context),
  },
];
