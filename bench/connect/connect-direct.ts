/**
 * An MCP client of the official SDK without a bridge, for `connect.ts`: connects to URL with
 * TOKEN, prints a line, and ends.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url = '', token = ''] = process.argv.slice(2);
const client = new Client({ name: 'bench', version: '1' });
await client.connect(
  new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  }),
);
process.stdout.write('{"id":1,"result":{}}\n');
await client.close();
