import { stringify } from 'yaml';
import { startIssuer } from './issuer.ts';
import { startMcpServer } from './mcp-servers.ts';

// Nothing listens on the discard port, so connections to it are refused.
const unreachable = 'http://127.0.0.1:9/mcp';

/**
 * Real MCP servers, two behind OAuth and one open to all, and the address of one that is down. The
 * YAML declares all four.
 */
export async function startDemo(): Promise<{
  readonly yaml: string;
  readonly close: () => Promise<void>;
}> {
  const issuer = await startIssuer();
  const oauth = { issuer: issuer.url };
  const [a, b, d] = await Promise.all([
    startMcpServer({ oauth }),
    startMcpServer({ oauth }),
    startMcpServer(),
  ]);
  const addresses = {
    'server-a': a.url,
    'server-b': b.url,
    'server-c': unreachable,
    'server-d': d.url,
  };
  return {
    yaml: Object.entries(addresses)
      .map(([name, url]) => stringify(manifest(name, url)))
      .join('---\n'),
    close: async () => {
      await Promise.all([a.close(), b.close(), d.close()]);
      await issuer.close();
    },
  };
}

const manifest = (name: string, url: string): object => ({
  apiVersion: 'muster.giantswarm.io/v1alpha1',
  kind: 'MCPServer',
  metadata: { name, namespace: 'default' },
  spec: { type: 'streamable-http', url },
});
