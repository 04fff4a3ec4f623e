/** What shows MCPServers. */
import type { Command } from './command.ts';
import { namespace, namespaceColumn, noHeaders, rowOutput, textOutput } from './flags.ts';
import { listFlags } from './list-flags.ts';

const serverWords = { one: 'mcpserver', others: ['mcpservers', 'mcps', 'mcp', 'servers'] } as const;

/** For cells that are not ASCII. */
const widthOfCells = async () => (await import('fast-string-width')).default;

export const serverCommands: readonly Command[] = [
  {
    words: ['list', serverWords.one],
    aliases: serverWords.others,
    also: [['list'], ['ls']],
    positionals: [],
    summary:
      'List all MCPServers: whether each can be reached, and whether you are signed in to it.',
    flags: listFlags,
    examples: [
      'muster list mcpserver --needs repair',
      'muster list mcpserver --state Failed -o name',
      "muster list mcpserver -o json | jq -r '.items[].name'",
    ],
    run: async (context) =>
      context.has('watch')
        ? (await import('./watch.ts')).watch(context)
        : (await import('./list.ts')).list(context, widthOfCells),
  },
  {
    words: ['get', serverWords.one],
    aliases: serverWords.others,
    positionals: ['NAME'],
    summary: 'Show one MCPServer.',
    flags: [namespace, namespaceColumn, rowOutput, noHeaders],
    run: async (context) => (await import('./list.ts')).get(context),
  },
  {
    words: ['check'],
    aliases: [],
    positionals: ['NAME'],
    summary:
      'Probe one MCPServer now, as a sweep does, without writing its status. Exit code 4 unless it is Connected.',
    flags: [
      namespace,
      { name: 'explain', summary: 'Add the stages of the probe, the verdict and the next step.' },
      {
        name: 'sign-in',
        summary:
          'Check every link of your sign-in instead, without signing in: what each place answered, and who can fix it. Exit code 4 unless a sign-in is possible.',
      },
      textOutput,
    ],
    run: async (context) =>
      context.has('sign-in')
        ? (await import('./check-sign-in.ts')).checkSignInOf(context)
        : (await import('./check.ts')).check(context),
  },
];
