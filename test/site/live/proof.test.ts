/** What the page signs, read by the verifier of the endpoint. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { proofReader } from '../../../functions/adapters/oauth/proof-reader.ts';
import { enrollmentProblem } from '../../../functions/sessions/enrollment.ts';
import { proofMismatch } from '../../../functions/sessions/proof.ts';
import { type BrowserKey, newBrowserKey } from '../../../site/src/live/session/browser-key.ts';
import { proofSigner } from '../../../site/src/live/session/proof.ts';

const now = new Date('2026-05-04T10:00:00Z');
const url = 'https://muster.example.com/v1/mcpservers/default/server-a/session?ignored=1';
const token = 'a token';

let key: BrowserKey;
beforeAll(async () => {
  key = await newBrowserKey();
});

const proofOf = (at = now): Promise<string> =>
  proofSigner(key, () => at).proofFor({ method: 'POST', url, token });

async function signedProof(at = now) {
  const reading = await proofReader(() => now)(await proofOf(at));
  if (reading.kind !== 'signed') throw new Error(reading.message);
  return reading.proof;
}

const asked = {
  method: 'POST',
  address: new URL(url),
  tokenHash: createHash('sha256').update(token).digest('base64url'),
};

test('the endpoint accepts a proof of the page, for this request only', async () => {
  const proof = await signedProof();
  expect(proofMismatch(proof, asked, now)).toBeUndefined();
  expect(proofMismatch(proof, { ...asked, method: 'DELETE' }, now)).toBe('method');
  const address = new URL('https://muster.example.com/v1/sessions');
  expect(proofMismatch(proof, { ...asked, address }, now)).toBe('address');
  expect(proofMismatch(proof, { ...asked, tokenHash: 'another' }, now)).toBe('token');
  expect(proofMismatch(await signedProof(new Date('2026-05-04T09:58:00Z')), asked, now)).toBe(
    'time',
  );
});

test('each proof has an id of its own', async () => {
  expect((await signedProof()).id).not.toBe((await signedProof()).id);
});

test('the thumbprint of the key is that of RFC 7638, and never begins with a dash', async () => {
  expect((await signedProof()).thumbprint).toBe(key.thumbprint);
  expect(await calculateJwkThumbprint({ ...key.publicJwk })).toBe(key.thumbprint);
  const keys = await Promise.all(Array.from({ length: 200 }, () => newBrowserKey()));
  expect(keys.filter(({ thumbprint }) => thumbprint.startsWith('-'))).toEqual([]);
});

test('no script can read the private key', async () => {
  expect(key.privateKey).toMatchObject({ extractable: false, usages: ['sign'] });
  await expect(crypto.subtle.exportKey('jwk', key.privateKey)).rejects.toThrow('not extractable');
  await expect(crypto.subtle.exportKey('pkcs8', key.privateKey)).rejects.toThrow('not extractable');
});

test('the endpoint registers the key of a sign-in whose nonce is its thumbprint', async () => {
  const person = {
    issuer: 'https://issuer.example.com',
    subject: 'ada',
    audiences: ['muster-cli'],
    expiresAt: new Date('2026-05-04T11:00:00Z'),
  };
  const iat = now.getTime() / 1_000;
  const signIn = (nonce: string) => ({ person, token, claims: { nonce, iat, auth_time: iat } });
  const caller = signIn(key.thumbprint);
  expect(enrollmentProblem(key.thumbprint, caller, caller, now)).toBeUndefined();
  expect(enrollmentProblem(key.thumbprint, signIn('another'), caller, now)).toBeDefined();
});
