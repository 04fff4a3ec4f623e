/**
 * Twenty at a time use one grant whose refresh token rotates: a real issuer over HTTP, a
 * DynamoDB-compatible store over HTTP.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { usableTokens, type TokenResult } from '../../../functions/sessions/refresh.ts';
import type { StoredGrant, PersonKey } from '../../../functions/sessions/grant.ts';
import { type SignInWorld, startSignInWorld } from '../../world/signin.ts';
import { grantOf } from '../../world/grant.ts';
import { defined } from '../../../functions/model/defined.ts';

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

const present = (): Promise<StoredGrant | undefined> =>
  world.store.getGrant(held.grant.person, held.grant.serverUid);

/** As after an hour. */
async function expire(): Promise<void> {
  const { grant, tokens, generation } = (await present()) ?? held;
  const next = defined({
    grant: { ...grant, expiresAt: new Date(0) },
    tokens,
    generation,
  });
  expect(await world.store.replaceGrant(next, generation)).toBe(true);
}

const tokenOf = (usable: TokenResult) =>
  usable.kind === 'usable' ? usable.tokens.accessToken : usable.kind;

async function round(use: (person: PersonKey, uid: string) => Promise<TokenResult>) {
  await expire();
  world.sent.length = 0;
  const uses = await Promise.all(
    Array.from({ length: users }, () => use(held.grant.person, held.grant.serverUid)),
  );
  const refreshes = world.sent.filter(
    ({ form }) => form.get('grant_type') === 'refresh_token',
  ).length;
  return { refreshes, tokens: new Set(uses.map(tokenOf)) };
}

test(
  `${String(users)} parallel uses refresh exactly once, ${String(rounds)} times, and all get the new token`,
  async () => {
    const seen = new Set<string>();
    for (let count = 0; count < rounds; count += 1) {
      const { refreshes, tokens } = await round((person, uid) =>
        usableTokens(world.ports, person, uid),
      );
      expect({ count, refreshes, different: tokens.size }).toEqual({
        count,
        refreshes: 1,
        different: 1,
      });
      for (const token of tokens) seen.add(token);
    }
    expect(seen.size).toBe(rounds);
    expect((await present())?.grant).toMatchObject({ refreshable: true });
    expect((await present())?.grant.refused).toBeUndefined();
  },
  10_000 + rounds * 2_000,
);

test('without the lease the same race uses a refresh token more than once: this test would see it', async () => {
  const ports = { ...world.ports, acquireLease: async () => 'everybody has it' };
  const { refreshes } = await round((person, uid) => usableTokens(ports, person, uid));
  expect(refreshes).toBeGreaterThan(1);
});
