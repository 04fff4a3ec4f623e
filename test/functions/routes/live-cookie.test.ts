import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import { textSealer } from '../../../functions/adapters/dynamodb/sealed-text.ts';
import { liveCookie } from '../../../functions/routes/live-cookie.ts';

const texts = textSealer(sealer([`one:${randomBytes(32).toString('base64url')}`]));
const cookie = liveCookie(texts, 'https://muster.example.com');

async function lineFor(token: string, lifetimeMs = 3_600_000): Promise<string> {
  const api = new Hono().get('/', async (context) => {
    await cookie.keep(context, token, lifetimeMs);
    return context.body(null, 204);
  });
  return (await api.request('/')).headers.get('set-cookie') ?? '';
}

test('a token is kept as long as a browser keeps the whole cookie, and else deleted', async () => {
  const lengths = Array.from({ length: 400 }, (_, more) => 2_700 + more);
  const lines = await Promise.all(
    lengths.map(async (length) => lineFor(randomBytes(length).toString('hex').slice(0, length))),
  );
  const kept = lines.filter((line) => !line.includes('Max-Age=0;'));
  const longest = Math.max(...kept.map((line) => line.length));
  expect(longest).toBeLessThanOrEqual(4_096);
  expect(longest).toBeGreaterThan(4_070);
  expect(kept.length).toBeLessThan(lines.length);
  expect(lines.at(-1)).toBe(
    '__Host-muster-live=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
  );
});

test.each([
  [1_999, 1],
  [-5_000, 0],
  [2 ** 45, 34_560_000],
])('a token that lives %d ms is kept %d s', async (lifetimeMs, seconds) => {
  expect(await lineFor('a-token', lifetimeMs)).toContain(`; Max-Age=${seconds};`);
});
