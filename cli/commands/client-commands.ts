/** What connects MCP clients to MCPServers. */
import { mcpClients } from '../../functions/model/mcp-clients.ts';
import type { Command } from './command.ts';

export const clientCommands: readonly Command[] = [
  {
    words: ['connect'],
    aliases: [],
    positionals: ['[NAME]'],
    summary:
      'Connect an MCP client to one MCP server, as you. Clients start it: it reads MCP messages on stdin and writes them to stdout.',
    flags: [
      {
        name: 'print',
        value: 'CLIENT',
        values: mcpClients,
        hasNoDefault: true,
        summary: 'Do not connect: print what this client needs to start the command.',
      },
      { name: 'all', summary: 'With --print: for each MCP server that you are signed in to.' },
    ],
    examples: [
      'muster connect default/server-a',
      'muster connect server-a --print vscode',
      'muster connect --all --print claude',
    ],
    run: async (context) =>
      context.has('print') || context.has('all')
        ? (await import('./client/print-snippet.ts')).printSnippet(context)
        : (await import('./client/connect.ts')).connectClient(context),
  },
];
