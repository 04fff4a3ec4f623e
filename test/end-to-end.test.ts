import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { changesSchema, listSchema } from '../functions/model/wire/server-wire.ts';
import { listen } from '../local/listen.ts';
import { ada, startIssuer } from '../local/issuer.ts';
import { startMcpServer } from '../local/mcp-servers.ts';
import { startWorld, type World } from '../local/world.ts';
import { buildMuster, type Ended, runMuster } from './cli/run.ts';
import { bundlesWhereDeployed } from './stack/functions.ts';
import { declareInReal, isReal, whyNot } from './world/cluster.ts';
import { startFaultWorld } from './world/fault-world.ts';
import { aManifest } from './world/manifest.ts';
import { browserOf } from './world/browser.ts';

let folder: string;
let muster: string;
const ending: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-end-'));
  muster = await buildMuster();
});
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
  await rm(folder, { recursive: true });
});

beforeEach(({ skip }) => skip(whyNot() !== undefined, whyNot()));

/** A world with these MCPServers, swept three times, and Ada in front of it. */
async function worldOf(
  urls: Readonly<Record<string, string>>,
  specs: Readonly<Record<string, object>> = {},
) {
  const file = join(folder, `${Object.keys(urls).length}.yaml`);
  const manifests = Object.entries(urls).map(([name, url]) =>
    aManifest({ name, spec: { type: 'streamable-http', url, timeout: 1, ...specs[name] } }),
  );
  const yaml = manifests.map((manifest) => stringify(manifest)).join('---\n');
  await writeFile(file, yaml);
  const real = await declareInReal(yaml, folder);
  const cluster = real === undefined ? { servers: file } : { kubeconfig: real.path };
  const world: World = await startWorld({ ...cluster, ...bundlesWhereDeployed() });
  ending.push(() => world.close());
  expect(world.refused).toEqual([]);
  for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
  const home = await mkdtemp(join(folder, 'home-'));
  const type = (line: string): Promise<Ended> =>
    runMuster(muster, line, {
      endpoint: world.url,
      home,
      onAddress: (address) => browserOf(ada).visit(address),
    });
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromString(real?.admin ?? world.environment['KUBECONFIG_YAML'] ?? '');
  return { world, type, api: kubeconfig.makeApiClient(CustomObjectsApi) };
}

/** What `-o json` prints. */
const itemsSchema = z.object({ items: listSchema.shape.items });

const states = async (world: World): Promise<readonly (readonly [string, string | undefined])[]> =>
  (await world.list()).items.map(({ name, state }) => [name, state] as const);

describe('the table of the seed', () => {
  test('letter for letter, through sign-in, list, auth status and sign-out, and STATE never moves', async () => {
    const issuer = await startIssuer();
    const [a, b] = await Promise.all([
      startMcpServer({ oauth: { issuer: issuer.url } }),
      startMcpServer({ oauth: { issuer: issuer.url } }),
    ]);
    ending.push(issuer.close, a.close, b.close);
    const { world, type, api } = await worldOf({
      'server-a': a.url,
      'server-b': b.url,
      'server-c': 'http://127.0.0.1:9/mcp',
    });
    const before = await states(world);

    const signedOut = `NAME       STATE       TYPE
server-a   Connected   streamable-http
server-b   Connected   streamable-http
server-c   Failed      streamable-http
`;
    expect(await type('list mcpserver')).toEqual({ code: 0, stdout: signedOut, stderr: '' });
    const events = await fetch(`${world.url}/v1/mcpservers/default/server-c/events`);
    const { items } = changesSchema.parse(await events.json());
    expect(items.map(({ from, to }) => [from, to])).toEqual([
      ['Connecting', 'Failed'],
      [undefined, 'Connecting'],
    ]);
    expect(await type('auth login')).toMatchObject({ code: 0 });
    expect(await type('auth login --server server-a')).toMatchObject({ code: 0 });
    expect((await type('list mcpserver')).stdout).toBe(`NAME       STATE       SESSION         TYPE
server-a   Connected   Authenticated   streamable-http
server-b   Connected   Pending Auth    streamable-http
server-c   Failed      -               streamable-http
`);
    const status = await type('auth status');
    expect(status.stdout).toContain('Status:    Authenticated as ada@example.com');
    expect(status.stdout).toMatch(/server-a +Authenticated/);
    expect(status.stdout).toMatch(
      /server-b +Pending Auth +Run: muster auth login --server server-b/,
    );
    expect(status.code).toBe(2);
    await world.sweep({ everything: true });
    expect(await states(world)).toEqual(before);

    // The same name with a new uid is another server: it gets nothing of the old grant.
    const resource = {
      group: 'muster.giantswarm.io',
      version: 'v1alpha1',
      plural: 'mcpservers',
      namespace: 'default',
    };
    await api.deleteNamespacedCustomObject({ ...resource, name: 'server-a' });
    await api.createNamespacedCustomObject({
      ...resource,
      body: aManifest({ name: 'server-a', spec: { type: 'streamable-http', url: a.url } }),
    });
    await world.sweep({ everything: true });
    expect((await type('list mcpserver')).stdout).toMatch(/server-a +Connected +Pending Auth/);

    expect(await type('auth logout')).toMatchObject({ code: 0 });
    expect((await type('list mcpserver')).stdout).toBe(signedOut);
    expect(await states(world)).toEqual(before);
  });
});

test('list and auth status say the same for every server of a mixed world', async () => {
  const faults = await startFaultWorld();
  const issuer = await startIssuer();
  const mcp = await startMcpServer({ oauth: { issuer: issuer.url } });
  ending.push(faults.end, issuer.close, mcp.close);
  const names = Object.keys(faults.urls).toSorted();
  const nameOf = (fault: string): string => `fault-${names.indexOf(fault)}`;
  const oauth = { auth: { type: 'oauth' } };
  const { type } = await worldOf(
    {
      ...Object.fromEntries(names.map((fault) => [nameOf(fault), faults.urls[fault] ?? ''])),
      signed: mcp.url,
      forwarded: mcp.url,
    },
    {
      forwarded: { auth: { type: 'oauth', forwardToken: true } },
      [nameOf('200 with HTML')]: oauth,
      [nameOf('refused')]: oauth,
    },
  );
  await type('auth login');
  expect(await type('auth login --server signed')).toMatchObject({ code: 0 });

  const rows = (await type('list mcpserver --no-headers')).stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  const listed = new Map(rows.map(([name = '', , session = '']) => [name, session]));
  const [, said = ''] = (await type('auth status')).stdout.split('MCP Servers');
  const told = new Map(
    said
      .split('\n')
      .filter((line) => /^ {2}\S/.test(line) && !line.startsWith('  ('))
      .map((line) => line.trim().split(/ {2,}/))
      .map(([name = '', session = '']) => [name, session]),
  );
  expect(listed.size).toBe(names.length + 2);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(listed));
  const { items } = itemsSchema.parse(JSON.parse((await type('list mcpserver -o json')).stdout));
  for (const { name, session } of items)
    expect(listed.get(name)).toBe(
      [session?.status, ...(session?.sso ? [`[SSO: ${session.sso}]`] : [])].join(' '),
    );
  expect(new Set(listed.values())).toEqual(
    new Set(['-', 'Authenticated', 'Pending Auth', 'Pending Auth [SSO: Failed]']),
  );
});

describe.skipIf(isReal)('npm start', () => {
  const run = promisify(execFile);
  const start = (args: readonly string[]) =>
    run(process.execPath, ['local/start.ts', ...args], { timeout: 60_000 });

  test('with --sweeps and -o json prints nothing on stdout but the list, and leaves nothing behind', async () => {
    const server = await listen(
      createServer((_request, response) => response.writeHead(401).end()),
    );
    const file = join(folder, 'mine.yaml');
    const specs = {
      'mine-a': { url: `${server.url}/mcp` },
      'mine-b': { url: 'http://127.0.0.1:9/mcp' },
      'mine-c': { url: 'ftp://nowhere' },
    };
    await writeFile(
      file,
      Object.entries(specs)
        .map(([name, spec]) =>
          stringify(aManifest({ name, spec: { type: 'streamable-http', ...spec } })),
        )
        .join('---\n'),
    );
    const { stdout, stderr } = await run(
      'npm',
      ['start', '--silent', '--', '--servers', file, '--sweeps', '3', '-o', 'json'],
      {
        timeout: 60_000,
      },
    );
    await server.close();
    expect(itemsSchema.parse(JSON.parse(stdout)).items).toMatchObject([
      {
        namespace: 'default',
        name: 'mine-a',
        type: 'streamable-http',
        state: 'Connected',
        consecutiveFailures: 0,
        conditions: [{}, {}, {}],
      },
      {
        namespace: 'default',
        name: 'mine-b',
        state: 'Failed',
        consecutiveFailures: 3,
        lastError: 'Connection refused.',
        reason: 'ConnectionRefused',
      },
    ]);
    // What the CRD refuses is named with field and reason; the others run.
    expect(stderr).toMatch(/^Refused: .*mine-c.*spec\.url.*\n$/);
  });

  test('shows STATE to nobody and SESSION to ada, runs until Ctrl-C, and leaves nothing behind', async () => {
    const child = spawn(
      process.execPath,
      '--import ./local/runtime.mjs local/start.ts --port 0 --interval 200ms'.split(' '),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let tables = '';
    let words = '';
    await new Promise<void>((done) => {
      // The two arrive in any order.
      const look = () => words.includes('XDG_CONFIG_HOME=') && tables.includes('SESSION') && done();
      child.stdout.on('data', (chunk: Buffer) => {
        tables += chunk.toString();
        look();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        words += chunk.toString();
        look();
      });
    });
    const exported = (name: string) => new RegExp(`export ${name}=(\\S+)`).exec(words)?.[1] ?? '';
    expect(tables).toBe(`NAME       STATE       TYPE
server-a   Connected   streamable-http
server-b   Connected   streamable-http
server-c   Failed      streamable-http
server-d   Connected   streamable-http
NAME       STATE       SESSION         TYPE
server-a   Connected   Authenticated   streamable-http
server-b   Connected   Pending Auth    streamable-http
server-c   Failed      -               streamable-http
server-d   Connected   -               streamable-http
`);
    const url = exported('MUSTER_SERVERLESS_ENDPOINT');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(words).toContain('The list for ada@example.com');
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromFile(exported('KUBECONFIG'));
    const cluster = kubeconfig.getCurrentCluster()?.server ?? '';
    expect((await fetch(`${cluster}/apis/muster.giantswarm.io/v1alpha1`)).status).toBe(200);
    await stat(join(exported('XDG_CONFIG_HOME'), 'muster-serverless/tokens'));
    child.kill('SIGINT');
    const code = await new Promise((done) => child.once('exit', done));
    expect(code).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    await expect(stat(exported('XDG_CONFIG_HOME'))).rejects.toThrow('ENOENT');
  });

  test.each([
    ['an option that is not known', ['--sweep', '1'], '--sweep'],
    ['a kubeconfig that is none', ['--kubeconfig', 'package.json', '--sweeps', '1'], 'kubeconfig'],
    ['a YAML that is none', ['--servers', 'README.md', '--sweeps', '1'], 'README.md'],
  ])('%s is one clear line and exit 1', async (_what, args, words) => {
    const ended = await start(args).then(
      () => ({ code: 0, stderr: '', stdout: '' }),
      (error: unknown) =>
        z.object({ code: z.number(), stderr: z.string(), stdout: z.string() }).parse(error),
    );
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain(words);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  });

  test('a port in use is one clear line and exit 1', async () => {
    const { port, close } = await listen(createServer());
    await expect(start(['--port', String(port)])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`),
    });
    await close();
  });
});
