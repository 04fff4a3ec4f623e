/** The local world whose people sign in at a Keycloak, with MCP servers behind its realms. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startMcpServer } from '../../local/mcp-servers.ts';
import type { Environment } from '../../functions/model/setting-reader.ts';
import { startWorld, type World } from '../../local/world.ts';
import { aManifest } from '../world/manifest.ts';
import { commandLine } from './guide-clients.ts';
import { mcpAudience, type Realm } from './realm.ts';

export type KeycloakWorld = Pick<World, 'url' | 'sweep' | 'close'>;

/**
 * People sign in at the realm `people`; each of `servers` wants a sign-in at the realm beside its
 * name. They are swept once.
 */
export async function startKeycloakWorld(
  people: Realm,
  servers: Readonly<Record<string, Realm>>,
  settings: Environment = {},
): Promise<KeycloakWorld> {
  const started = await Promise.all(
    Object.entries(servers).map(async ([name, { url: issuer }]) => ({
      name,
      server: await startMcpServer({ oauth: { issuer, audience: mcpAudience } }),
    })),
  );
  const folder = await mkdtemp(join(tmpdir(), 'muster-keycloak-'));
  const file = join(folder, 'servers.yaml');
  const manifests = started.map(({ name, server: { url } }) =>
    stringify(aManifest({ name, spec: { type: 'streamable-http', url } })),
  );
  await writeFile(file, manifests.join('---\n'));
  const world = await startWorld({
    servers: file,
    settings: {
      OIDC_ISSUER: people.url,
      OIDC_CLIENT_ID: commandLine.clientId,
      ANONYMOUS_LIST: 'off',
      ...settings,
    },
  });
  await world.sweep({ everything: true });
  const close = async (): Promise<void> => {
    await world.close();
    await Promise.all(started.map(({ server }) => server.close()));
    await rm(folder, { recursive: true });
  };
  return { url: world.url, sweep: world.sweep, close };
}
