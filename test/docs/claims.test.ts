/** Sentences of the pages that no console block can show, each with the product beside it. */
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { ada } from '../../local/issuer.ts';
import { listen } from '../../local/listen.ts';
import { startWorld } from '../../local/world.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';
import { mcpServer } from './demo-servers.ts';
import type { FailingServerName } from './failing-servers.ts';
import { type PageWorld, startPageWorld } from './page-worlds.ts';
import { pageNames, readPage } from './pages.ts';

let muster: string;
beforeAll(async () => {
  muster = await buildMuster();
});
afterAll(() => removeMuster(muster));

const typed = ({ world, home }: PageWorld, line: string) =>
  runMuster(muster, line, {
    home,
    environment: { MUSTER_SERVERLESS_ENDPOINT: world.url },
    onAddress: (address) => browserOf(ada).visit(address),
  });

/** A page as one line, so that a sentence is found wherever it is broken. */
const inOneLine = async (name: string): Promise<string> =>
  (await readPage(name)).replace(/\s+/g, ' ');

const checksSchema = z.object({
  items: z.array(z.object({ name: z.string(), stages: z.array(z.object({ stage: z.string() })) })),
});

describe('the last stage of a probe that failed is the one that failed', () => {
  const lastStages = {
    'unknown-name': 'dns',
    refused: 'tcp',
    'tls-to-a-plain-port': 'tls',
    'expired-certificate': 'tls',
    'untrusted-certificate': 'tls',
    'certificate-of-another-host': 'tls',
    'not-http': 'headers',
    silent: 'discover',
    closes: 'discover',
    'gateway-503': 'discover',
  } as const satisfies Partial<Record<FailingServerName, string>>;
  let observed: ReadonlyMap<string, string | undefined>;
  beforeAll(async () => {
    const faults = await startPageWorld('faults');
    await typed(faults, 'auth login');
    const { stdout } = await typed(faults, `check ${Object.keys(lastStages).join(' ')} -o json`);
    await faults.end();
    observed = new Map(
      checksSchema
        .parse(JSON.parse(stdout))
        .items.map(({ name, stages }) => [name, stages.at(-1)?.stage]),
    );
  });
  test('as the page about one server says', async () => {
    expect(await inOneLine('one-server.md')).toContain(
      'The last stage of a probe that failed is the one that failed.',
    );
  });
  test('and Troubleshoot has a cause for each, in the order of a probe', async () => {
    const [, table = ''] = (await readPage('troubleshoot.md')).split('| last stage | cause |\n');
    const named = [...table.slice(0, table.indexOf('\n\n')).matchAll(/^\| `(\w+)`/gm)];
    expect(named.map(([, stage]) => stage)).toEqual([...new Set(Object.values(lastStages))]);
  });
  test.each(Object.entries(lastStages))('%s: %s', (name, stage) => {
    expect(observed.get(name)).toBe(stage);
  });
});

describe('a probe sends the headers of spec, and nothing of a person', () => {
  test('as the server sees it, and it is Connected for its header', async () => {
    const seen: (string | undefined)[] = [];
    const mcp = await listen(
      createServer((request, response) => {
        const { authorization } = request.headers;
        seen.push(authorization);
        response.writeHead(authorization === 'Basic of-the-owner' ? 200 : 401).end();
      }),
    );
    const folder = await mkdtemp(join(tmpdir(), 'muster-claims-'));
    const file = join(folder, 'servers.yaml');
    const spec = { type: 'sse', url: mcp.url, headers: { Authorization: 'Basic of-the-owner' } };
    await writeFile(file, mcpServer('with-header', spec));
    const world = await startWorld({ servers: file });
    try {
      await world.sweep({ everything: true });
      const { items } = await world.list();
      expect(items).toMatchObject([{ name: 'with-header', state: 'Connected' }]);
      expect(new Set(seen)).toEqual(new Set(['Basic of-the-owner']));
    } finally {
      await world.close();
      await mcp.close();
      await rm(folder, { recursive: true });
    }
  });
  // "without credentials" is untrue where the owner put a credential into `spec.headers`.
  test.each([...pageNames, '../README.md'])('%s says whose credentials it means', async (name) => {
    const text = await inOneLine(name);
    expect(text).not.toMatch(/probe[^.]{0,60} (without|no) credentials/i);
    expect(text).not.toMatch(/nobody's credentials/i);
  });
  test('Security names the headers', async () => {
    expect(await inOneLine('security.md')).toContain(
      'A probe sends the headers in `spec.headers`.',
    );
  });
});

describe('a person who is signed out of muster', () => {
  const codes = {
    demo: { list: 0, 'auth status': 2, 'check server-a': 2, 'describe server-a': 0 },
    closed: { list: 2, 'auth status': 2, 'check server-a': 2, 'describe server-a': 2 },
  } as const;
  test.each(['demo', 'closed'] as const)('world %s: exit codes', async (name) => {
    const there = await startPageWorld(name);
    try {
      for (const [line, code] of Object.entries(codes[name]))
        expect([line, (await typed(there, line)).code]).toEqual([line, code]);
    } finally {
      await there.end();
    }
  });
});

// Code 2 is a person who is signed out, 1 an endpoint that is away: neither is about the server.
test.each([...pageNames, '../README.md'])(
  '%s takes no other code of check for a failure',
  async (name) => {
    expect(await readPage(name)).not.toMatch(/muster check [^\n]*\|\|/);
  },
);
