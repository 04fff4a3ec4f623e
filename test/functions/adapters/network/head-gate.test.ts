import { describe, expect, test } from 'vitest';
import { headGate } from '../../../../functions/adapters/network/head-gate.ts';
import {
  headEnd,
  mayBeStatusLine,
  readHead,
} from '../../../../functions/adapters/network/response-head.ts';

const most = 64 * 1024;

/** What a strict parser gets of these bytes when they come in so many pieces. */
function passed(text: string, pieces: readonly string[] = [text]) {
  const bypassed: number[] = [];
  const gate = headGate(most, ({ status }) => bypassed.push(status));
  const got = pieces.map(
    (piece) => gate.pass(Buffer.from(piece, 'latin1'))?.toString('latin1') ?? '',
  );
  return { got: got.join(''), gate, bypassed };
}

const strict = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nhi';

describe('a head that every parser understands passes as it is', () => {
  test('in one piece, or cut anywhere: when it is whole', () => {
    expect(passed(strict).got).toBe(strict);
    for (let at = 1; at < strict.length; at += 1) {
      const { got, gate } = passed(strict, [strict.slice(0, at), strict.slice(at)]);
      expect(got).toBe(strict);
      expect(gate.head()?.status).toBe(200);
    }
  });
  test('byte by byte', () => {
    expect(passed(strict, strict.split('')).got).toBe(strict);
  });
});

describe('interim answers are taken out', () => {
  // nodejs/undici#201, louislam/uptime-kuma#4899; RFC 9110, section 15.2
  test.each([
    ['one 100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['several, with headers', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(5)],
    ['one with LF alone', 'HTTP/1.1 100 Continue\n\n'],
  ])('%s', (_what, interim) => {
    expect(passed(interim + strict).got).toBe(strict);
    expect(passed('', `${interim}${strict}`.split('')).got).toBe(strict);
  });
});

test('empty lines before a status line are nothing', () => {
  const { got, gate } = passed(`\r\nHTTP/1.1 102\r\n\r\n\r\n${strict}`);
  expect([got.slice(0, 15), gate.head()?.status]).toEqual(['HTTP/1.1 200 \r\n', 200]);
});

describe('a head that only a lenient reader understands is put into strict form', () => {
  test.each([
    [
      'a folded line (RFC 9112, section 5.2)',
      'HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer realm="x",\r\n\t scope="a"\r\n\r\n',
      'HTTP/1.1 401 \r\nwww-authenticate: Bearer realm="x", scope="a"\r\n\r\n',
    ],
    [
      'LF alone',
      'HTTP/1.1 200 OK\ncontent-length: 2\n\nhi',
      'HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nhi',
    ],
    [
      'space before the colon',
      'HTTP/1.1 200 OK\r\nx-a : 1\r\n\r\n',
      'HTTP/1.1 200 \r\nx-a: 1\r\n\r\n',
    ],
    [
      'a line that is no header',
      'HTTP/1.1 200 OK\r\nnothing here\r\n: empty\r\nb\u00e4d: 1\r\nx: 1\r\n\r\n',
      'HTTP/1.1 200 \r\nx: 1\r\n\r\n',
    ],
    [
      'a control character in a value',
      'HTTP/1.1 200 OK\r\nx: a\u0000b\u0007c\r\n\r\n',
      'HTTP/1.1 200 \r\nx: abc\r\n\r\n',
    ],
    ['no reason phrase', 'HTTP/1.1 204\r\n\r\n', 'HTTP/1.1 204\r\n\r\n'],
    ['two spaces', 'HTTP/1.1  200 OK\r\n\r\n', 'HTTP/1.1 200 \r\n\r\n'],
    ['a version of its own', 'HTTP/1.7 200 OK\r\n\r\n', 'HTTP/1.1 200 \r\n\r\n'],
    [
      'a length that is no number',
      'HTTP/1.1 200 OK\ncontent-length: -1\n\n',
      'HTTP/1.1 200 \r\n\r\n',
    ],
  ])('%s', (_what, said, expected) => {
    expect(passed(said).got).toBe(expected);
    expect(passed('', said.split('')).got).toBe(expected);
  });
});

describe('a status that no parser takes goes round it', () => {
  test.each([101, 99, 0])('%i', (status) => {
    const said = `HTTP/1.1 ${String(status).padStart(3, '0')} Odd\r\nupgrade: x\r\n\r\nmore`;
    expect(passed(said)).toMatchObject({ got: '', bypassed: [status] });
  });
});

describe('what is no status line passes at once', () => {
  test.each([
    'SSH-2.0-OpenSSH\r\n',
    'HTTP/2 200\r\n',
    'HTTP/1.1 2000 OK\r\n',
    'ICY 200 OK\r\n',
    ' HTTP/1.1',
    'HTTP/1.1 20 OK\r\n',
  ])('%j', (said) => {
    expect(passed(said).got).toBe(said);
    expect(passed(said).gate.head()).toBeUndefined();
  });
  test('a frame of HTTP/2 is known as one', () => {
    const settings = '\u0000\u0000\u0006\u0004\u0000\u0000\u0000\u0000\u0000\u0000\u0003';
    const goAway = '\u0000\u0000\u0008\u0007\u0000\u0000\u0000\u0000\u0000';
    expect(passed(settings).gate.isHttp2()).toBe(true);
    expect(passed(goAway).gate.isHttp2()).toBe(true);
    expect(passed('SSH-2.0-OpenSSH').gate.isHttp2()).toBe(false);
  });
});

test('a head that is larger than any is let through, and known for it', () => {
  const { got, gate } = passed('', ['HTTP/1.1 200 OK\r\nx: ', 'y'.repeat(most)]);
  expect([got.length > most, gate.isTooLarge(), gate.head()]).toEqual([true, true, undefined]);
});

test('the end of a head is the first empty line', () => {
  expect(headEnd(Buffer.from('HTTP/1.1 200\r\na: b\r\n\r\nbody\n\n'))).toBe(22);
  expect(headEnd(Buffer.from('\r\n\r\nHTTP/1.1 200\n\nx'))).toBe(18);
  expect(headEnd(Buffer.from('HTTP/1.1 200\r\n'))).toBeUndefined();
});

test('every beginning of a status line may become one', () => {
  const line = 'HTTP/1.1 401 Unauthorized\r\n';
  for (let at = 0; at <= line.length; at += 1)
    expect(mayBeStatusLine(Buffer.from(line.slice(0, at)))).toBe(true);
});

test('a name that comes more than once keeps its values in order', () => {
  expect(readHead('HTTP/1.1 200 OK\r\nA: 1\r\nb: 2\r\na: 3\r\n\r\n')).toEqual({
    status: 200,
    headers: [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ],
  });
});
