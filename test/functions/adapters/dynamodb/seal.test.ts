import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { sealer } from '../../../../functions/adapters/dynamodb/seal.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64url')}`;
const old = key('old');
const fresh = key('fresh');

test('what is sealed opens at its place', async () => {
  const { seal, open } = sealer([fresh]);
  expect(await open(await seal('a token', 'row 1'), 'row 1')).toBe('a token');
});

test('nothing of the text, nor its place, is in what is stored', async () => {
  const sealed = await sealer([fresh]).seal('a token', 'row 1');
  expect(Object.keys(sealed).sort()).toEqual(['ciphertext', 'iv', 'protected', 'tag']);
  const all = Object.values(sealed).map((part) =>
    Buffer.from(part, 'base64url').toString('latin1'),
  );
  expect(all.join(' ')).not.toMatch(/a token|row 1/);
});

test('it does not open at another place', async () => {
  const { seal, open } = sealer([fresh]);
  expect(await open(await seal('a token', 'row 1'), 'row 2')).toBeUndefined();
});

test('a changed one does not open', async () => {
  const { seal, open } = sealer([fresh]);
  const sealed = await seal('a token', 'row 1');
  const ciphertext = Buffer.from(
    Buffer.from(sealed.ciphertext, 'base64url').map((byte) => byte ^ 1),
  ).toString('base64url');
  expect(await open({ ...sealed, ciphertext }, 'row 1')).toBeUndefined();
});

test('the first key seals, every key opens, a key that was removed does not', async () => {
  const before = await sealer([old]).seal('a token', 'row 1');
  const rotating = sealer([fresh, old]);
  expect(await rotating.open(before, 'row 1')).toBe('a token');
  const after = await rotating.seal('a token', 'row 1');
  expect(JSON.parse(Buffer.from(after.protected, 'base64url').toString())).toEqual({
    alg: 'dir',
    enc: 'A256GCM',
    kid: 'fresh',
  });
  expect(await sealer([fresh]).open(before, 'row 1')).toBeUndefined();
});

test.each([
  ['no key', []],
  ['a key without an id', [randomBytes(32).toString('base64url')]],
  ['a key that is too short', [`a:${randomBytes(16).toString('base64url')}`]],
])('%s is told when the function starts, without the key', (_sentence, keys) => {
  expect(() => sealer(keys)).toThrow(/TOKEN_KEYS/);
});
