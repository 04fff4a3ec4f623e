/**
 * The endpoint under load, in a process of its own, so that its memory is only its own: the world
 * of `npm start` with 1,000 MCPServers, half of them down. Tells its parent by IPC where it is, then
 * how much memory it has.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { commandLineClient } from '../../../local/issuer.ts';
import { listen } from '../../../local/listen.ts';
import { startWorld } from '../../../local/world.ts';
import { aManifest } from '../../world/manifest.ts';

export const servers = 1_000;
export const perNamespace = 50;

const [issuer = ''] = process.argv.slice(2);
const up = await listen(createServer((_request, response) => response.writeHead(401).end()));
const down = 'http://127.0.0.1:1/mcp';
const manifests = Array.from({ length: servers }, (_, index) =>
  JSON.stringify(
    aManifest({
      name: `server-${index}`,
      namespace: `team-${Math.floor(index / perNamespace)}`,
      spec: { type: 'streamable-http', url: index % 2 === 0 ? `${up.url}/mcp` : down },
    }),
  ),
);
const folder = await mkdtemp(join(tmpdir(), 'muster-load-'));
const file = join(folder, 'servers.yaml');
await writeFile(file, manifests.join('\n---\n'));
const world = await startWorld({
  servers: file,
  settings: { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: commandLineClient.client_id },
});
await rm(folder, { recursive: true });
await world.sweep({ everything: true });

// What is garbage is no leak. To collect it stops the process for a while, so not often.
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const timer = setInterval(() => {
  collect();
  // The parent may be gone between two looks.
  process.send?.({ rssMb: process.memoryUsage.rss() / 1024 / 1024 }, () => {});
}, 2_500);
process.send?.({ url: world.url });
process.once('disconnect', () => {
  clearInterval(timer);
  process.exit();
});
