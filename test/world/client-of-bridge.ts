/** An MCP client of the official SDK that starts what a snippet says, as clients do. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import * as z from 'zod/mini';
import { expose } from './leaks.ts';

export type BridgeClient = {
  /** What the tool `echo` of the reference server answers. Throws what the client throws. */
  readonly echo: (message: string) => Promise<string>;
  /** All of stderr so far. */
  readonly stderr: () => string;
  readonly close: () => Promise<void>;
};

/** As much of the environment as every client passes on. */
type Start = {
  readonly command: string;
  readonly args: readonly string[];
  readonly home: string;
};

const echoed = z.object({ content: z.array(z.object({ text: z.string() })) });

export async function startClient({ command, args, home }: Start): Promise<BridgeClient> {
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: { HOME: home, PATH: process.env['PATH'] ?? '' },
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  return {
    echo: async (message) => {
      const answer = await client.callTool({ name: 'echo', arguments: { message } });
      return echoed
        .parse(answer)
        .content.map(({ text }) => text)
        .join('\n');
    },
    stderr: () => stderr,
    close: async () => {
      await client.close();
      expose('stderr of muster connect', stderr);
    },
  };
}
