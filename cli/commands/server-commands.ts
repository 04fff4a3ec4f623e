/** What shows MCPServers. */
import type { Command } from './command.ts';
import { namespace, namespaceColumn, noHeaders, rowOutput, textOutput } from './flags.ts';

const serverWords = { one: 'mcpserver', others: ['mcpservers', 'mcps'] } as const;

export const serverCommands: readonly Command[] = [
  {
    words: ['list', serverWords.one],
    aliases: serverWords.others,
    positionals: [],
    summary:
      'List all MCPServers: whether each can be reached, and whether you are signed in to it.',
    flags: [namespace, namespaceColumn, rowOutput, noHeaders],
    examples: [
      'muster list mcpserver',
      'muster list mcpserver -n team-a -o wide',
      "muster list mcpserver -o json | jq -r '.items[].name'",
    ],
    exits: [[2, 'sign-in required']],
    run: async (context) => (await import('./list.ts')).list(context),
  },
  {
    words: ['get', serverWords.one],
    aliases: serverWords.others,
    positionals: ['NAME'],
    summary: 'Show one MCPServer.',
    flags: [namespace, namespaceColumn, rowOutput, noHeaders],
    examples: ['muster get mcpserver server-a', 'muster get mcpserver team-a/server-a -o yaml'],
    exits: [[2, 'sign-in required']],
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
    examples: [
      'muster check server-a',
      'muster check server-a --explain',
      'muster check server-a --sign-in',
    ],
    exits: [
      [2, 'sign-in required'],
      [4, 'not Connected, or no sign-in is possible'],
    ],
    run: async (context) =>
      context.has('sign-in')
        ? (await import('./check-sign-in.ts')).checkSignInOf(context)
        : (await import('./check.ts')).check(context),
  },
];
