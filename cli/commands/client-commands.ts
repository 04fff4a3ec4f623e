/** What connects MCP clients to MCPServers. */
import type { Command } from './command.ts';

export const clientCommands: readonly Command[] = [
  {
    words: ['connect'],
    aliases: [],
    positionals: ['NAME'],
    summary:
      'Connect an MCP client to one MCP server, as you. Clients start it: it reads MCP messages on stdin and writes them to stdout.',
    flags: [],
    examples: [
      'muster connect default/server-a',
      'muster connect server-a --endpoint https://muster.example.com',
    ],
    run: async (context) => (await import('./connect.ts')).connectClient(context),
  },
];
