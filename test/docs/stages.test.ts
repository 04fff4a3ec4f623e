/** The table of stages in Troubleshoot, by servers that fail in each of them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { createServer as createTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ada } from '../../local/issuer.ts';
import { listen } from '../../local/listen.ts';
import { startWorld, type World } from '../../local/world.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';
import { readPage } from './pages.ts';

/** A server of each, and the last stage that `muster check --explain` prints. */
const failing = [
  ['no-name', 'dns', 'DNSFailure'],
  ['closed', 'tcp', 'ConnectionRefused'],
  ['plain', 'tls', 'TLSProtocol'],
  ['ssh', 'headers', 'NotHTTP'],
  ['closes', 'discover', 'ConnectionReset'],
  ['silent', 'discover', 'Timeout'],
] as const;

let file: string;
let folder: string;
let world: World;
const closing: (() => Promise<void>)[] = [];
const sockets = new Set<Socket>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-stages-'));
  const silent = createTcp((socket) => void socket.on('error', () => {}));
  const ssh = createTcp((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.6\r\n'));
  const closes = createTcp((socket) => socket.once('data', () => socket.destroy()));
  const plain = createHttp((_, response) => response.end());
  for (const server of [silent, ssh, closes, plain])
    server.on('connection', (socket: Socket) => sockets.add(socket));
  const started = await Promise.all([silent, ssh, closes, plain].map((server) => listen(server)));
  closing.push(...started.map(({ close }) => close));
  const [silentPort, sshPort, closesPort, plainPort] = started.map(({ port }) => String(port));
  const urls = {
    'no-name': 'http://no-such-host.invalid/mcp',
    closed: 'http://127.0.0.1:9/mcp',
    plain: `https://127.0.0.1:${plainPort}/mcp`,
    silent: `http://127.0.0.1:${silentPort}/mcp`,
    ssh: `http://127.0.0.1:${sshPort}/mcp`,
    closes: `http://127.0.0.1:${closesPort}/mcp`,
  };
  const servers = join(folder, 'servers.yaml');
  await writeFile(
    servers,
    Object.entries(urls)
      .map(
        ([name, url]) =>
          `apiVersion: muster.giantswarm.io/v1alpha1\nkind: MCPServer\nmetadata: { name: ${name} }\nspec: { type: streamable-http, url: '${url}', timeout: 1 }\n`,
      )
      .join('---\n'),
  );
  [file, world] = await Promise.all([buildMuster(), startWorld({ servers })]);
  await muster('auth login');
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all([world.close(), removeMuster(file), ...closing.map((close) => close())]);
  await rm(folder, { recursive: true });
});

const muster = (line: string) =>
  runMuster(file, line, {
    endpoint: world.url,
    home: folder,
    onAddress: (address) => browserOf(ada).visit(address),
  });

test.each(failing)('the last stage of %s is %s', async (name, stage, reason) => {
  const { stdout } = await muster(`check ${name} --explain`);
  const [, stages = ''] = /^Stages: +(.+) \(.+ total\)$/m.exec(stdout) ?? [];
  expect(stages.split(', ').at(-1)?.split(' ')[0]).toBe(stage);
  expect(stdout).toMatch(new RegExp(`^Reason: +${reason}$`, 'm'));
});

test('the page has these stages, in this order', async () => {
  const [, table = ''] = (await readPage('troubleshoot.md')).split('| last stage | cause |\n');
  const named = [...table.slice(0, table.indexOf('\n\n')).matchAll(/^\| `(\w+)`/gm)];
  expect(named.map(([, stage]) => stage)).toEqual([...new Set(failing.map(([, stage]) => stage))]);
});
