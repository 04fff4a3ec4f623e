import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Sealed, sealer } from '../../../../functions/adapters/dynamodb/seal.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64url')}`;
const old = key('old');
const fresh = key('fresh');
const kidOf = ({ protected: header }: Sealed): unknown =>
  JSON.parse(Buffer.from(header, 'base64url').toString()).kid;

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

describe('a text that was sealed by a key of tomorrow', () => {
  const newer = [fresh, old];
  const start = (read: () => Promise<readonly string[] | undefined>) => {
    const clock = { ms: 0 };
    return { clock, ...sealer([old], { read, now: () => new Date(clock.ms) }) };
  };

  test('makes the keys be read again, and opens; from then on the new key seals', async () => {
    const { seal, open } = start(async () => newer);
    expect(await open(await sealer(newer).seal('a token', 'row 1'), 'row 1')).toBe('a token');
    expect(kidOf(await seal('a token', 'row 1'))).toBe('fresh');
  });

  test('does so once for many at the same time, and at most every ten seconds', async () => {
    let reads = 0;
    const { open, clock } = start(async () => {
      reads += 1;
      return [old];
    });
    const strange = await sealer([key('strange')]).seal('a token', 'row 1');
    const opened = await Promise.all([1, 2, 3].map(() => open(strange, 'row 1')));
    expect(opened).toEqual([undefined, undefined, undefined]);
    clock.ms = 9_999;
    await open(strange, 'row 1');
    expect(reads).toBe(1);
    clock.ms = 10_000;
    await open(strange, 'row 1');
    expect(reads).toBe(2);
  });

  test('does not open where there are no newer keys, and the old ones go on', async () => {
    const { seal, open } = start(async () => undefined);
    expect(await open(await sealer(newer).seal('a token', 'row 1'), 'row 1')).toBeUndefined();
    expect(await open(await seal('a token', 'row 1'), 'row 1')).toBe('a token');
  });
});
