/**
 * Clients of other makers start `muster connect`, each as a process of its own. They pass on little
 * of their environment: HOME, PATH and a few more.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startIssuer } from '../../local/issuer.ts';
import { startMcpServer } from '../../local/mcp-servers.ts';
import { type ClientWorld, startClientWorld } from '../cli/bridge/client-world.ts';
import { startModernServer } from '../cli/bridge/modern-server.ts';
import { expose } from '../world/leaks.ts';

const pythonClients = inject('pythonClients');
const inspector = inject('inspector');
const script = fileURLToPath(new URL('python_client.py', import.meta.url));

let world: ClientWorld;
let close: () => Promise<unknown>;
beforeAll(async () => {
  const issuer = await startIssuer();
  const [http, sse, modern] = await Promise.all([
    startMcpServer({ oauth: { issuer: issuer.url } }),
    startMcpServer({ oauth: { issuer: issuer.url }, transport: 'sse' }),
    startModernServer(),
  ]);
  world = await startClientWorld([
    { name: 'server-a', url: http.url, signIn: true },
    { name: 'server-sse', url: sse.url, type: 'sse', signIn: true },
    { name: 'server-m', url: modern.url },
  ]);
  close = async () => {
    await world.close();
    await Promise.all([http.close(), sse.close(), modern.close(), issuer.close()]);
  };
});
afterAll(() => close());

/** Runs with the environment that a person has, as far as the bridge is concerned. */
async function output(command: string, ...args: readonly string[]): Promise<string> {
  const { env } = world.bridge('server-a');
  const { stdout, stderr } = await promisify(execFile)(command, args, { env, timeout: 30_000 });
  expose(command, stdout + stderr);
  return stdout;
}

const bridge = (name: string): readonly string[] => {
  const { command, args } = world.bridge(name);
  return [command, ...args];
};

describe.skipIf(pythonClients === undefined).concurrent('the Python SDK', () => {
  const python = (kind: string, name: string): Promise<string> =>
    output(join(pythonClients ?? '', 'bin/python'), script, kind, ...bridge(name));

  test.each([
    ['client', 'server-a', '2025-11-25'],
    ['client', 'server-sse', '2025-11-25'],
    ['client', 'server-m', '2026-07-28'],
    ['session', 'server-a', '2025-11-25'],
  ])('lists and calls tools (%s) of %s in revision %s', async (kind, name, version) => {
    const seen: unknown = JSON.parse(await python(kind, name));
    expect(seen).toMatchObject({
      version,
      tools: expect.arrayContaining(['echo']),
      text: expect.stringContaining('from Python'),
    });
  });
});

describe.skipIf(pythonClients === undefined).concurrent('fastmcp', () => {
  const fastmcp = (...args: readonly string[]): Promise<string> =>
    output(join(pythonClients ?? '', 'bin/fastmcp'), ...args);

  test('lists tools', async () => {
    const listed = await fastmcp('list', '--json', '--command', bridge('server-a').join(' '));
    expect(listed).toContain('"echo"');
  });

  test('calls a tool', async () => {
    const command = ['--command', bridge('server-a').join(' '), '--target', 'echo'];
    const input = ['--input-json', '{"message":"hello"}'];
    expect(await fastmcp('call', ...command, ...input)).toContain('Echo: hello');
  });
});

describe.skipIf(inspector === undefined).concurrent('the inspector', () => {
  const inspect = (name: string, ...args: readonly string[]): Promise<string> =>
    output(
      process.execPath,
      join(
        inspector ?? '',
        'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
      ),
      '--cli',
      ...bridge(name),
      ...args,
    );

  test.each(['server-a', 'server-sse'])('lists tools of %s', async (name) => {
    expect(await inspect(name, '--method', 'tools/list')).toContain('"echo"');
  });

  test('calls a tool', async () => {
    const call = ['--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hello'];
    expect(await inspect('server-a', ...call)).toContain('Echo: hello');
  });
});
