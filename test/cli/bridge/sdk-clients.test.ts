/** The clients of the official SDKs, of both eras, on the servers that people have. */
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startIssuer } from '../../../local/issuer.ts';
import { type LocalMcpServer, startMcpServer } from '../../../local/mcp-servers.ts';
import { type ClientWorld, startClientWorld } from './client-world.ts';
import { type ModernServer, startModernServer } from './modern-server.ts';

const closing: (() => Promise<unknown>)[] = [];
let world: ClientWorld;
let modern: ModernServer;
/** By name; a restart replaces them. */
const servers = new Map<string, LocalMcpServer>();
let issuer: string;
beforeAll(async () => {
  const started = await startIssuer();
  issuer = started.url;
  const oauth = { issuer };
  const [a, sse, openOne, fourth] = await Promise.all([
    startMcpServer({ oauth, resumable: true }),
    startMcpServer({ oauth, transport: 'sse' }),
    startMcpServer(),
    startModernServer(),
  ]);
  servers.set('server-a', a).set('server-sse', sse).set('server-d', openOne);
  modern = fourth;
  world = await startClientWorld([
    { name: 'server-a', url: a.url, signIn: true },
    { name: 'server-sse', url: sse.url, type: 'sse', signIn: true },
    { name: 'server-d', url: openOne.url },
    { name: 'server-m', url: modern.url },
  ]);
  closing.push(
    () => world.close(),
    () => modern.close(),
    () => started.close(),
  );
});
afterAll(async () => {
  await Promise.all([...servers.values()].map((server) => server.close()));
  for (const close of closing) await close();
});

/** At the same address: sessions of before are unknown to it. */
async function restart(name: string): Promise<void> {
  const { url, close } = servers.get(name) ?? modern;
  await close();
  const options = { port: Number(new URL(url).port), oauth: { issuer } };
  servers.set(
    name,
    await startMcpServer(name === 'server-sse' ? { ...options, transport: 'sse' } : options),
  );
}

/** A client of the SDK of 2025, which can do what a server may ask of it. */
async function connected(name: string) {
  const client = new Client(
    { name: 'a test', version: '1' },
    { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } },
  );
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
    model: 'none',
    role: 'assistant',
    content: { type: 'text', text: `sampled ${String(params.maxTokens)}` },
  }));
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: 'Ada' },
  }));
  client.setRequestHandler(ListRootsRequestSchema, () => ({
    roots: [{ uri: 'file:///a-root', name: 'a root' }],
  }));
  let stderr = '';
  const transport = new StdioClientTransport({ ...world.bridge(name), stderr: 'pipe' });
  transport.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await client.connect(transport);
  return { client, stderr: () => stderr };
}

const echo = (message = 'hello') => ({ name: 'echo', arguments: { message } });
const echoed = (message = 'hello') => ({ content: [{ type: 'text', text: `Echo: ${message}` }] });
const sample = { name: 'trigger-sampling-request', arguments: { prompt: 'x', maxTokens: 7 } };

describe.each(['server-a', 'server-sse'])('the SDK of 2025 on %s, behind OAuth', (name) => {
  let client: Client;
  let stderr: () => string;
  beforeAll(async () => {
    ({ client, stderr } = await connected(name));
  });
  afterAll(() => client.close());

  test('lists and uses tools, resources and prompts', async () => {
    expect(client.getServerVersion()?.name).toBe('mcp-servers/everything');
    const [tools, resources, prompts] = await Promise.all([
      client.listTools(),
      client.listResources(),
      client.listPrompts(),
    ]);
    expect(tools.tools.map((tool) => tool.name)).toContain('trigger-sampling-request');
    expect(await client.callTool(echo())).toMatchObject(echoed());
    const uri = resources.resources[0]?.uri ?? '';
    expect((await client.readResource({ uri })).contents[0]?.uri).toBe(uri);
    const prompt = prompts.prompts[0]?.name ?? '';
    expect((await client.getPrompt({ name: prompt })).messages).not.toEqual([]);
  });

  test('sees progress while a call runs', async () => {
    const seen: number[] = [];
    const call = { name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } };
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    await client.callTool(call, undefined, { onprogress });
    // The client drops the last one when it arrives together with the result.
    expect(seen.slice(0, 2)).toEqual([1, 2]);
  });

  test('answers what the server asks: sampling, elicitation, roots', async () => {
    expect(JSON.stringify(await client.callTool(sample))).toContain('sampled 7');
    const elicited = await client.callTool({ name: 'trigger-elicitation-request' });
    expect(JSON.stringify(elicited)).toContain('Ada');
    const roots = await client.callTool({ name: 'get-roots-list' });
    expect(JSON.stringify(roots)).toContain('file:///a-root');
  });

  test('hears what the server says on its own: logs', async () => {
    const logged = new Promise<unknown>((resolve) => {
      client.setNotificationHandler(LoggingMessageNotificationSchema, resolve);
    });
    await client.setLoggingLevel('debug');
    await client.callTool({ name: 'toggle-simulated-logging' });
    expect(await logged).toMatchObject({ method: 'notifications/message' });
    await client.callTool({ name: 'toggle-simulated-logging' });
  });

  test('cancels a call, and the bridge forgets it', async () => {
    const stop = new AbortController();
    const call = { name: 'trigger-long-running-operation', arguments: { duration: 0.5, steps: 5 } };
    const onprogress = () => stop.abort('enough');
    const options = { signal: stop.signal, onprogress };
    await expect(client.callTool(call, undefined, options)).rejects.toThrow('enough');
    expect(await client.callTool(echo())).toMatchObject(echoed());
  });

  test('makes 50 calls at once', async () => {
    const calls = Array.from({ length: 50 }, (_, index) => String(index));
    const answers = await Promise.all(calls.map((one) => client.callTool(echo(one))));
    expect(answers).toMatchObject(calls.map((one) => echoed(one)));
  });

  test('does not notice that the server was started again', async () => {
    await restart(name);
    expect(await client.callTool(echo('again'))).toMatchObject(echoed('again'));
    expect(JSON.stringify(await client.callTool(sample))).toContain('sampled 7');
    expect(stderr()).toBe('');
  });
});

test('a sign-out reaches a running bridge, and a sign-in ends the error without a restart', async () => {
  const { client, stderr } = await connected('server-d');
  expect(await client.callTool(echo())).toMatchObject(echoed());
  await world.muster('auth logout');
  const error = `You are not signed in to ${world.world.url}. Run: muster auth login`;
  await expect(client.callTool(echo())).rejects.toThrow(error);
  await vi.waitFor(() => expect(stderr()).toBe(`${error}\n`));
  await world.muster('auth login');
  expect(await client.callTool(echo())).toMatchObject(echoed());
  await client.close();
});

describe('the SDK of 2026', () => {
  async function connectedModern(name: string) {
    const client = new ModernClient(
      { name: 'a test', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    );
    let stderr = '';
    const transport = new ModernStdio({ ...world.bridge(name), stderr: 'pipe' });
    transport.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await client.connect(transport);
    return { client, stderr: () => stderr };
  }

  test('falls back to 2025-11-25 on a server of 2025, without a line on stderr', async () => {
    const { client, stderr } = await connectedModern('default/server-d');
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
    expect(await client.callTool(echo())).toMatchObject(echoed());
    expect(stderr()).toBe('');
    await client.close();
  });

  describe('on a server that speaks 2026-07-28 only', () => {
    let client: ModernClient;
    beforeAll(async () => {
      ({ client } = await connectedModern('server-m'));
    });
    afterAll(() => client.close());

    test('lists and calls tools', async () => {
      expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
      const { tools } = await client.listTools();
      expect(tools.map((tool) => tool.name)).toContain('région');
      expect(await client.callTool(echo())).toMatchObject({ content: [{ text: 'hello' }] });
    });

    test('calls a tool whose name is not ASCII', async () => {
      const answer = await client.callTool({ name: 'région' });
      expect(answer).toMatchObject({ content: [{ text: 'ici' }] });
      expect(modern.headers.at(-1)?.['mcp-name']).toBe('=?base64?csOpZ2lvbg==?=');
    });

    test('calls a tool that wants arguments in headers', async () => {
      const answer = await client.callTool({
        name: 'routed',
        arguments: { tenant: 'a tenant ü', count: 3 },
      });
      expect(answer).toMatchObject({ content: [{ text: 'a tenant ü 3' }] });
      expect(modern.headers.at(-1)).toMatchObject({ 'mcp-param-count': '3' });
    });

    test('cancels a call by the end of its stream, which the server sees', async () => {
      const call = client.callTool({ name: 'wait' }, { signal: AbortSignal.timeout(100) });
      await expect(call).rejects.toThrow();
      await modern.aborted;
    });

    test('hears of changes on the stream that it opened for them', async () => {
      const changed = new Promise<unknown>((resolve) => {
        client.setNotificationHandler('notifications/tools/list_changed', resolve);
      });
      const subscription = await client.listen({ toolsListChanged: true });
      modern.toolsChanged();
      expect(await changed).toMatchObject({ method: 'notifications/tools/list_changed' });
      await subscription.close();
    });
  });
});
