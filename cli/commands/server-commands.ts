/** What shows MCPServers. */
import type { Command, Flag } from './command.ts';
import { notATimeSpan } from '../time-span.ts';
import { namespace, namespaceColumn, noHeaders, rowOutput, textOutput } from './flags.ts';
import { listFlags } from './list/list-flags.ts';

const eventOutput: Flag = { ...rowOutput, values: ['table', 'json', 'yaml'] };

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
    exits: [[2, 'sign-in required']],
    run: async (context) =>
      context.has('watch')
        ? (await import('./list/watch.ts')).watch(context)
        : (await import('./list/list.ts')).list(context, widthOfCells),
  },
  {
    words: ['get', serverWords.one],
    aliases: serverWords.others,
    positionals: ['[NAME...]'],
    summary: 'Show one MCPServer, or several. Without a name it lists them all.',
    flags: [namespace, namespaceColumn, rowOutput, noHeaders],
    examples: [
      'muster get mcpserver server-a',
      'muster get mcpserver team-a/server-a server-b -o json',
    ],
    exits: [[2, 'sign-in required']],
    run: async (context) => (await import('./list/get.ts')).get(context),
  },
  {
    words: ['describe'],
    aliases: [],
    also: [serverWords.one, ...serverWords.others].map((word) => ['describe', word]),
    positionals: ['NAME...'],
    summary:
      'Show everything known about a server: reachability, sign-in, your session, last changes, and what to do next.',
    flags: [namespace, textOutput],
    examples: ['muster describe server-a', 'muster describe server-a -o json | jq .changes'],
    exits: [[2, 'sign-in required']],
    run: async (context) => (await import('./server/describe.ts')).describe(context),
  },
  {
    words: ['check'],
    aliases: [],
    positionals: ['[NAME...]'],
    summary:
      'Probe servers now, as a sweep does, without writing their status. The probe runs on your behalf, so you have to be signed in to muster.',
    flags: [
      namespace,
      {
        name: 'all',
        summary:
          'Check all servers, those that are down first. You may make 10 checks a minute; it stops there and names the rest.',
      },
      { name: 'explain', summary: 'Add the stages of the probe, the verdict and the next step.' },
      {
        name: 'sign-in',
        summary:
          'Check every link of your sign-in instead, without signing in: what each place answered, and who can fix it. Exit code 4 unless a sign-in is possible.',
      },
      {
        name: 'verify',
        summary:
          'Ask the server instead whether it accepts your sign-in. Exit code 4 unless it does.',
      },
      textOutput,
    ],
    examples: [
      'muster check server-a server-b',
      'muster check server-a --explain',
      'muster check --all -o json | jq -r .items[].state',
    ],
    exits: [
      [2, 'sign-in required'],
      [4, 'one is not Connected, or no sign-in is possible'],
    ],
    run: async (context) => (await import('./server/check.ts')).check(context),
  },
  {
    words: ['wait'],
    aliases: [],
    positionals: ['NAME...'],
    summary: 'Wait until servers are as you want them.',
    flags: [
      namespace,
      {
        name: 'for',
        value: 'CONDITION',
        values: [
          'state=Connected',
          'state=Connecting',
          'state=Failed',
          'session=Authenticated',
          'deleted',
        ],
        summary: 'What to wait for.',
      },
      {
        name: 'timeout',
        value: 'TIME',
        problemOf: notATimeSpan,
        summary: 'Stop after this time, such as 30s or 5m. 0 looks once. Default: 60s.',
      },
      {
        name: 'check',
        summary:
          'Probe again and again instead of waiting for the sweep, every 7 s for one server.',
      },
    ],
    examples: [
      'muster wait server-a --timeout 5m',
      'muster wait server-a --for=session=Authenticated',
      'kubectl delete mcpserver server-a && muster wait server-a --for=deleted',
    ],
    exits: [
      [2, 'sign-in required'],
      [4, 'not in time'],
    ],
    run: async (context) => (await import('./server/wait.ts')).wait(context),
  },
  {
    words: ['events'],
    aliases: [],
    positionals: ['[NAME...]'],
    summary:
      'List the last changes of STATE, the newest first. Without a name, those of all servers.',
    flags: [namespace, eventOutput, noHeaders],
    examples: ['muster events server-a', 'muster events -n team-a -o json'],
    exits: [[2, 'sign-in required']],
    run: async (context) => (await import('./server/events.ts')).events(context),
  },
];
