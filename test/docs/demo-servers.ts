/**
 * The four servers of the demo, for pages in which something happens to them: each can be stopped
 * and started again at its address.
 */
import { stringify } from 'yaml';
import { startIssuer } from '../../local/issuer.ts';
import { type LocalMcpServer, startMcpServer } from '../../local/mcp-servers.ts';
import { defined } from '../../functions/model/defined.ts';

export type PageServers = {
  /** The MCPServers that declare them. */
  readonly yaml: string;
  readonly stop: (name: string) => Promise<void>;
  readonly start: (name: string) => Promise<void>;
  /** From now on the server accepts no token of the sign-ins that people make. */
  readonly refuse: (name: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** With the names, the answers and the sign-ins of `startDemo`. */
export async function startDemoServers(): Promise<PageServers> {
  const issuer = await startIssuer();
  const running = new Map<string, LocalMcpServer>();
  const ports = new Map<string, number>();

  const start = async (name: string, audience?: string): Promise<void> => {
    const oauth = name === 'server-d' ? undefined : defined({ issuer: issuer.url, audience });
    const server = await startMcpServer(defined({ port: ports.get(name), oauth }));
    ports.set(name, Number(new URL(server.url).port));
    running.set(name, server);
  };
  const stop = async (name: string): Promise<void> => {
    const server = running.get(name);
    if (server === undefined) throw new Error(`${name} does not run.`);
    running.delete(name);
    await server.close();
  };
  for (const name of ['server-a', 'server-b', 'server-d']) await start(name);
  const url = (name: string): string => running.get(name)?.url ?? unreachable;

  return {
    yaml: ['server-a', 'server-b', 'server-c', 'server-d']
      .map((name) => mcpServer(name, { type: 'streamable-http', url: url(name) }))
      .join('---\n'),
    stop,
    start: (name) => start(name),
    refuse: async (name) => {
      await stop(name);
      await start(name, 'https://mcp.example.com');
    },
    close: async () => {
      await Promise.all([...running.values()].map((server) => server.close()));
      await issuer.close();
    },
  };
}

/** As in `local/demo.ts`: nothing listens on the discard port. */
const unreachable = 'http://127.0.0.1:9/mcp';

/** The YAML of one MCPServer. */
export const mcpServer = (name: string, spec: object): string =>
  stringify({
    apiVersion: 'muster.giantswarm.io/v1alpha1',
    kind: 'MCPServer',
    metadata: { name, namespace: 'default' },
    spec,
  });
