import { calculateJwkThumbprint, decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import {
  machineKeyIn,
  newMachineKey,
  proofSigner,
  thumbprintOf,
} from '../../../cli/token-store/machine-key.ts';
import { proofReader } from '../../../functions/adapters/oauth/proof-reader.ts';

const now = new Date('2026-11-22T12:00:00Z');
const request = {
  method: 'DELETE',
  url: 'https://muster.example.com/v1/sessions?a=b#c',
  token: 'the-token',
};

test('the endpoint reads what the command line signs', async () => {
  const key = newMachineKey();
  const proof = proofSigner(key, () => now).proofFor(request);
  expect(await proofReader(() => now)(proof)).toEqual({
    kind: 'signed',
    proof: {
      thumbprint: await calculateJwkThumbprint({ ...key }),
      method: 'DELETE',
      address: 'https://muster.example.com/v1/sessions',
      issuedAt: now.getTime() / 1000,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tokenHash: expect.stringMatching(/^[\w-]{43}$/),
    },
  });
});

test('no proof is like another, and none has a private key in it', () => {
  const key = newMachineKey();
  const signer = proofSigner(key, () => now);
  const proofs = [signer.proofFor(request), signer.proofFor(request)];
  expect(decodeJwt(proofs[0] ?? '').jti).not.toBe(decodeJwt(proofs[1] ?? '').jti);
  for (const proof of proofs)
    expect(Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString()).not.toContain(key.d);
});

test('the thumbprint of a key is typed without trouble: no key begins with a dash', () => {
  const keys = Array.from({ length: 300 }, newMachineKey);
  expect(keys.map(thumbprintOf).filter((text) => text.startsWith('-'))).toEqual([]);
});

test('the clock of the endpoint is taken once, and only if it differs', () => {
  const signer = proofSigner(newMachineKey(), () => now);
  expect(signer.correctClock(undefined)).toBe(false);
  expect(signer.correctClock(new Date('no date'))).toBe(false);
  expect(signer.correctClock(new Date(now.getTime() + 5_000))).toBe(false);
  const there = new Date(now.getTime() - 300_000);
  expect(signer.correctClock(there)).toBe(true);
  expect(decodeJwt(signer.proofFor(request)).iat).toBe(there.getTime() / 1000);
  expect(signer.correctClock(there)).toBe(false);
});

test.each([
  undefined,
  'a key',
  {},
  { kty: 'oct', k: 'secret' },
  { ...newMachineKey(), d: undefined },
  { ...newMachineKey(), x: 'short' },
])('a file without a whole key has none', (json) => {
  expect(machineKeyIn(json)).toBeUndefined();
});
