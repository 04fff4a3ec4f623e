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
    positionals: ['NAME', '[URL]'],
    summary:
      'Trust an endpoint with your sign-in, under a name. Prints its issuer and client ID, and asks on a terminal. Takes the address as URL or with --endpoint.',
    flags: [{ name: 'yes', short: 'y', summary: 'Do not ask.' }],
    examples: [
      'muster context add prod https://muster.example.com',
      'muster context add local http://127.0.0.1:8787 --yes',
    ],
    run: async (context) => (await import('./contexts.ts')).add(context),
  },
  {
    words: ['context', 'list'],
    aliases: [],
    positionals: [],
    summary: 'List the endpoints that you trust. A sign-in adds its endpoint.',
    flags: [contextOutput],
    examples: ['muster context list', "muster context list -o json | jq -r '.items[].name'"],
    run: async (context) => (await import('./contexts.ts')).list(context),
  },
  {
    words: ['context', 'use'],
    aliases: [],
    positionals: ['NAME'],
    summary: 'Choose the endpoint that commands use when no other is set.',
    flags: [],
    examples: ['muster context use prod', 'muster context use local'],
    run: async (context) => (await import('./contexts.ts')).use(context),
  },
  {
    words: ['context', 'current'],
    aliases: [],
    positionals: [],
    summary:
      'Show the context that commands use now, its endpoint, and the flag or variable that chose it.',
    flags: [contextOutput],
    examples: ['muster context current', 'muster context current -o json'],
    run: async (context) => (await import('./contexts.ts')).current(context),
  },
  {
    words: ['context', 'rename'],
    aliases: [],
    positionals: ['NAME', 'NEW'],
    summary: 'Give a context another name. Its endpoint, its trust and your sign-in stay.',
    flags: [],
    examples: ['muster context rename muster prod'],
    run: async (context) => (await import('./contexts.ts')).rename(context),
  },
  {
    words: ['context', 'delete'],
    aliases: ['remove', 'rm'],
    positionals: ['NAME'],
    summary: 'No longer trust an endpoint. Takes its name or its URL.',
    flags: [],
    examples: ['muster context delete staging'],
    run: async (context) => (await import('./contexts.ts')).remove(context),
  },
];
