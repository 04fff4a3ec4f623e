/** A signed proof is for one request, one token and one minute (RFC 9449, section 4.3). */
import { expect, test } from 'vitest';
import { endOfProof, proofMismatch } from '../../../functions/sessions/proof.ts';
import { now } from './build.ts';

const proof = {
  thumbprint: 'thumbprint',
  method: 'GET',
  address: 'https://muster.example.com/v1/mcpservers?limit=1',
  issuedAt: now.getTime() / 1000,
  id: 'id',
  tokenHash: 'hash',
};
const request = {
  method: 'GET',
  address: new URL('https://muster.example.com/v1/mcpservers?namespace=team-a'),
  tokenHash: 'hash',
};
const against = (facts: Partial<typeof proof>) =>
  proofMismatch({ ...proof, ...facts }, request, now);

test('a proof for this request fits, whatever its query is', () => {
  expect(against({})).toBeUndefined();
  expect(
    against({ address: 'HTTPS://muster.example.com:443/v1/./mcpservers#part' }),
  ).toBeUndefined();
});

test.each([
  ['method', { method: 'POST' }],
  ['address', { address: 'https://muster.example.com/v1/me' }],
  ['address', { address: 'https://evil.example.com/v1/mcpservers' }],
  ['address', { address: 'http://muster.example.com/v1/mcpservers' }],
  ['address', { address: '/v1/mcpservers' }],
  ['token', { tokenHash: 'another' }],
] as const)('another %s does not fit: %j', (what, facts) => {
  expect(against(facts)).toBe(what);
});

test('a proof counts for a minute before and after its date, and is remembered for three', () => {
  const seconds = now.getTime() / 1000;
  expect([-60, -60.001, 60, 60.001].map((age) => against({ issuedAt: seconds + age }))).toEqual([
    undefined,
    'time',
    undefined,
    'time',
  ]);
  expect(against({ issuedAt: Infinity })).toBe('time');
  expect(endOfProof(now).getTime() - now.getTime()).toBe(180_000);
});
