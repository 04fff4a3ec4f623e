import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Sealed, sealer } from '../../../../functions/adapters/dynamodb/seal.ts';
import { textSealer } from '../../../../functions/adapters/dynamodb/sealed-text.ts';
import { TableUnavailable } from '../../../../functions/model/table-unavailable.ts';

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
  const start = (read: () => Promise<readonly string[] | undefined>, most = 1) => {
    const clock = { ms: 0 };
    return { clock, ...sealer([old], { read, now: () => new Date(clock.ms), most }) };
  };

  test('makes the keys be read again, and opens; from then on the new key seals', async () => {
    const { seal, open } = start(async () => newer);
    expect(await open(await sealer(newer).seal('a token', 'row 1'), 'row 1')).toBe('a token');
    expect(kidOf(await seal('a token', 'row 1'))).toBe('fresh');
  });

  test('is lost only when the keys were read after it was seen, once for all of its kind', async () => {
    let reads = 0;
    const { open, clock } = start(async () => {
      reads += 1;
      return [old];
    });
    const [one, two] = await Promise.all(
      ['one', 'two'].map((id) => sealer([key(id)]).seal('a token', 'row 1')),
    );
    if (one === undefined || two === undefined) throw new Error('Nothing was sealed.');
    const opened = await Promise.all([1, 2, 3].map(() => open(one, 'row 1')));
    expect(opened).toEqual([undefined, undefined, undefined]);
    clock.ms = 9_999;
    await expect(open(two, 'row 1')).rejects.toThrow(TableUnavailable);
    expect(await open(one, 'row 1')).toBeUndefined();
    expect(reads).toBe(1);
    clock.ms = 10_000;
    expect(await open(two, 'row 1')).toBeUndefined();
    clock.ms = 100_000;
    expect(await open(one, 'row 1')).toBeUndefined();
    expect(reads).toBe(2);
  });

  test('may ask as often as its place allows: for two removed keys, twice at once', async () => {
    let reads = 0;
    const { open } = start(async () => {
      reads += 1;
      return [old];
    }, 2);
    for (const id of ['one', 'two', 'one'])
      expect(await open(await sealer([key(id)]).seal('a token', 'row 1'), 'row 1')).toBeUndefined();
    expect(reads).toBeLessThanOrEqual(2);
  });

  test('is not lost while the keys cannot be read, and the old ones go on', async () => {
    const stored: { newest?: readonly string[] } = {};
    const { seal, open, clock } = start(async () => stored.newest);
    const sealed = await sealer(newer).seal('a token', 'row 1');
    await expect(open(sealed, 'row 1')).rejects.toThrow(TableUnavailable);
    expect(await open(await seal('a token', 'row 1'), 'row 1')).toBe('a token');
    stored.newest = newer;
    clock.ms = 10_000;
    expect(await open(sealed, 'row 1')).toBe('a token');
  });

  test('is just not valid where a stranger sent it', async () => {
    const { clock: _clock, ...strict } = start(async () => undefined);
    const text = await textSealer(sealer(newer)).seal('a token', 'row 1');
    expect(await textSealer(strict).open(text, 'row 1')).toBeUndefined();
  });
});
