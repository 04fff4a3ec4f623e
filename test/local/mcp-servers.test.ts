import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Issuer, startIssuer } from '../../local/issuer.ts';
import { type LocalMcpServer, startMcpServer } from '../../local/mcp-servers.ts';

let issuer: Issuer;
let closed: LocalMcpServer;
let open: LocalMcpServer;
beforeAll(async () => {
  issuer = await startIssuer();
  [closed, open] = await Promise.all([
    startMcpServer({ oauth: { issuer: issuer.url } }),
    startMcpServer(),
  ]);
});
afterAll(async () => void (await Promise.all([closed.close(), open.close(), issuer.close()])));

test('a protected server wants OAuth and says where', async () => {
  const response = await fetch(closed.url);
  expect(response.status).toBe(401);
  const [, address = ''] =
    /resource_metadata="([^"]+)"/.exec(response.headers.get('www-authenticate') ?? '') ?? [];
  const metadata: unknown = await (await fetch(address)).json();
  expect(metadata).toMatchObject({
    resource: closed.url,
    authorization_servers: [issuer.url],
    scopes_supported: ['mcp'],
  });
});

test('a token of nowhere does not open it', async () => {
  const response = await fetch(closed.url, { headers: { authorization: 'Bearer letmein' } });
  expect(response.status).toBe(401);
});

test('an open one is a real MCP server', async () => {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(open.url)));
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
  await client.close();
});
