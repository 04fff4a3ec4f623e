/** Twenty uses of one grant at the same time, with the rotation of a Keycloak. */
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { grantOf } from '../world/grant.ts';
import { raceOnce } from '../world/refresh-race.ts';
import { startSignInWorld } from '../world/signin.ts';
import { createRealm, mcpAudience } from './realm.ts';

const keycloak = inject('keycloak');
const rounds = 10;

describe.skipIf(keycloak === undefined)('with Keycloak', () => {
  test(`20 parallel uses refresh exactly once, ${String(rounds)} times`, async () => {
    if (keycloak === undefined) return;
    const { url } = await createRealm(keycloak, 'race', { registration: true });
    const issuer = { url, close: async () => {} };
    const world = await startSignInWorld({ running: { issuer, audience: mcpAudience } });
    onTestFinished(() => world.close());
    const held = await grantOf(world);
    const seen = new Set<string>();
    for (let count = 0; count < rounds; count += 1) {
      const { refreshes, tokens } = await raceOnce(world, held, { users: 20 });
      expect({ refreshes, different: tokens.size }).toEqual({ refreshes: 1, different: 1 });
      for (const token of tokens) seen.add(token);
    }
    expect(seen.size).toBe(rounds);
  });
});
