/**
 * Twenty at a time use one grant whose refresh token rotates: a real issuer over HTTP, a
 * DynamoDB-compatible store over HTTP.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StoredGrant } from '../../../functions/sessions/grant.ts';
import { grantOf } from '../../world/grant.ts';
import { raceOnce } from '../../world/refresh-race.ts';
import { type SignInWorld, startSignInWorld } from '../../world/signin.ts';

/** `npm test` plays a part of the rounds; `npm run test:race` all of them. */
const rounds = Number(process.env['RACE_ROUNDS'] ?? 50);
const users = 20;

let world: SignInWorld;
let held: StoredGrant;
beforeAll(async () => {
  world = await startSignInWorld();
  held = await grantOf(world);
});
afterAll(() => world.close());

test(
  `${String(users)} parallel uses refresh exactly once, ${String(rounds)} times, and all get the new token`,
  async () => {
    const seen = new Set<string>();
    for (let count = 0; count < rounds; count += 1) {
      const { refreshes, tokens } = await raceOnce(world, held, { users });
      expect({ count, refreshes, different: tokens.size }).toEqual({
        count,
        refreshes: 1,
        different: 1,
      });
      for (const token of tokens) seen.add(token);
    }
    expect(seen.size).toBe(rounds);
    const { person, serverUid } = held.grant;
    const present = await world.store.getGrant(person, serverUid);
    expect(present?.grant).toMatchObject({ refreshable: true });
    expect(present?.grant.refused).toBeUndefined();
  },
  10_000 + rounds * 2_000,
);

test('without the lease the same race uses a refresh token more than once: this test would see it', async () => {
  const ports = { ...world.ports, acquireLease: async () => 'everybody has it' };
  const { refreshes } = await raceOnce(world, held, { users, ports });
  expect(refreshes).toBeGreaterThan(1);
});
