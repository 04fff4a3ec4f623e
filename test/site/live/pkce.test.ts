import { expect, test } from 'vitest';
import { base64url, randomText, sha256 } from '../../../site/src/live/session/pkce.ts';

test('the challenge of a verifier is that of RFC 7636, appendix B', async () => {
  const verifier = base64url(
    Uint8Array.from([
      116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77,
      105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
    ]),
  );
  expect(await sha256(verifier)).toBe(
    base64url(
      Uint8Array.from([
        19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120, 173,
        109, 241, 68, 86, 110, 225, 137, 74, 203, 112, 249, 195,
      ]),
    ),
  );
});

test('a verifier has 32 random bytes, and the characters that RFC 7636 allows', () => {
  const texts = Array.from({ length: 100 }, () => randomText());
  expect(texts.filter((text) => !/^[\w-]{43}$/.test(text))).toEqual([]);
  expect(new Set(texts).size).toBe(100);
});
