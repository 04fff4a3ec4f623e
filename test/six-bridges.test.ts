/** Six clients of one person on one machine, at one server whose tokens live for seconds. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ada, startIssuer } from '../local/issuer.ts';
import { startMcpServer } from '../local/mcp-servers.ts';
import { startWorld, type World } from '../local/world.ts';
import { buildMuster, removeMuster, runMuster } from './cli/run.ts';
import { browserOf } from './world/browser.ts';
import { startClient } from './world/client-of-bridge.ts';
import { aManifest } from './world/manifest.ts';

/** `npm test` plays a short form; `npm run test:race` tokens of 8 s and 240 calls. */
const tokenSeconds = Number(process.env['BRIDGE_TOKEN_SECONDS'] ?? 3);
const calls = Number(process.env['BRIDGE_CALLS'] ?? 60);
const bridges = 6;
/** The calls of all are spread over so many lifetimes of a token. */
const lifetimes = 2.25;

let file: string;
let folder: string;
let world: World;
let issuerUrl: string;
const ending: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-bridges-'));
  ending.push(() => rm(folder, { recursive: true }));
  const issuer = await startIssuer({ accessTokenSeconds: tokenSeconds });
  issuerUrl = issuer.url;
  const mcp = await startMcpServer({ oauth: { issuer: issuer.url } });
  const servers = join(folder, 'servers.yaml');
  const spec = { type: 'streamable-http', url: mcp.url };
  await writeFile(servers, stringify(aManifest({ name: 'server-b', spec })));
  [file, world] = await Promise.all([buildMuster(), startWorld({ servers })]);
  ending.push(
    issuer.close,
    () => mcp.close(),
    () => removeMuster(file),
    () => world.close(),
  );
  await world.sweep({ everything: true });
});
afterAll(async () => {
  for (const end of ending.toReversed()) await end();
});

/** When each request for new tokens went to the issuer of the server. */
function watchRefreshes(): { readonly at: readonly number[]; readonly end: () => void } {
  const at: number[] = [];
  const look = (message: unknown): void => {
    const { request } = message as { request: { origin: string; body: unknown } };
    const body = request.body instanceof Uint8Array ? Buffer.from(request.body) : request.body;
    if (request.origin === issuerUrl && String(body).includes('grant_type=refresh_token'))
      at.push(Date.now());
  };
  subscribe('undici:request:create', look);
  return { at, end: () => void unsubscribe('undici:request:create', look) };
}

/**
 * One bridge replaces a token when four fifths of its lifetime are over, or when the server refuses
 * it: `exp` is in whole seconds (RFC 7519, section 2), so a token ends up to a second early.
 */
const shortestGapMs = (askedAt: number): number =>
  Math.min(tokenSeconds * 800, tokenSeconds * 1_000 - (askedAt % 1_000));

test(
  `${String(bridges)} bridges and ${String(calls)} calls: all are right, with one refresh for each expiry`,
  async () => {
    const run = {
      endpoint: world.url,
      home: folder,
      onAddress: (address: string) => browserOf(ada).visit(address),
    };
    for (const line of ['auth login', 'auth login --server server-b'])
      expect(await runMuster(file, line, run)).toMatchObject({ code: 0 });
    const refreshes = watchRefreshes();
    const args = [file, 'connect', '--endpoint', world.url, 'default/server-b'];
    const each = calls / bridges;
    const pauseMs = (lifetimes * tokenSeconds * 1_000) / each;
    const wrong = await Promise.all(
      Array.from({ length: bridges }, async (_, bridge) => {
        const client = await startClient({ command: process.execPath, args, home: folder });
        const said: string[] = [];
        for (let call = 0; call < each; call += 1) {
          const message = `call ${String(call)} of bridge ${String(bridge)}`;
          const answer = await client.echo(message).catch(String);
          if (answer !== `Echo: ${message}`) said.push(answer);
          await sleep(pauseMs);
        }
        await client.close();
        return said;
      }),
    );
    refreshes.end();
    expect(wrong.flat()).toEqual([]);
    expect(refreshes.at.length).toBeGreaterThanOrEqual(Math.floor(lifetimes));
    const gaps = refreshes.at.slice(1).map((at, index) => at - (refreshes.at[index] ?? 0));
    for (const [index, gap] of gaps.entries())
      expect(gap).toBeGreaterThanOrEqual(shortestGapMs(refreshes.at[index] ?? 0));
  },
  30_000 + tokenSeconds * lifetimes * 2_000,
);
