/** Bytes that a strict reader refuses, or that come in their own time, and the reason they lead to. */
import type { Pace } from '../paced-server.ts';

const asks = 'AuthenticationRequired';

export const headRows: readonly (readonly [what: string, bytes: string, reason: string])[] = [
  // nodejs/undici#201, louislam/uptime-kuma#4899
  ['100 Continue before it', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\n\r\n', asks],
  [
    'fifty interim answers',
    `${'HTTP/1.1 103 \r\na: b\r\n\r\n'.repeat(50)}HTTP/1.1 401 No\r\n\r\n`,
    asks,
  ],
  ['a folded challenge', 'HTTP/1.1 403 No\r\nWWW-Authenticate: Bearer\r\n realm="x"\r\n\r\n', asks],
  ['LF alone', 'HTTP/1.1 403 No\nWWW-Authenticate: Bearer\n\n', asks],
  ['space before a colon', 'HTTP/1.1 403 No\r\nWWW-Authenticate : Bearer\r\n\r\n', asks],
  ['no reason phrase', 'HTTP/1.1 401\r\n\r\n', asks],
  ['HTTP/1.0', 'HTTP/1.0 401 Unauthorized\r\n\r\n', asks],
  [
    'two lengths that differ',
    'HTTP/1.1 401 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    asks,
  ],
  [
    'two lengths that are the same',
    'HTTP/1.1 401 No\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx',
    asks,
  ],
  ['a length that is none', 'HTTP/1.1 401 No\r\nContent-Length: x\r\n\r\n', asks],
  [
    'a length beyond all numbers',
    `HTTP/1.1 401 No\r\nContent-Length: ${'9'.repeat(30)}\r\n\r\n`,
    asks,
  ],
  [
    'a length and chunks',
    'HTTP/1.1 401 No\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    asks,
  ],
  ['chunks that are none', 'HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', asks],
  ['a coding of its own', 'HTTP/1.1 401 No\r\nTransfer-Encoding: chunked, odd\r\n\r\n', asks],
  ['a header without a name', 'HTTP/1.1 401 No\r\n: x\r\n\r\n', asks],
  ['a line that is no header', 'HTTP/1.1 401 No\r\nhello\r\n\r\n', asks],
  ['characters that are not allowed', 'HTTP/1.1 401 No\r\nx\u0001y: a\u0000b\r\n\r\n', asks],
  ['UTF-8 in a value', 'HTTP/1.1 401 No\r\nx: Zo\u00c3\u00ab\r\n\r\n', asks],
  [
    'an upgrade that nobody asked for',
    'HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    'Responded',
  ],
  [
    'headers with the names of members of every object',
    'HTTP/1.1 401 No\r\nconstructor: a\r\n__proto__: b\r\nContent-Length: x\r\n\r\n',
    asks,
  ],
  ['a status below all', 'HTTP/1.1 042 Odd\r\n\r\n', 'Responded'],
  ['a status above all', 'HTTP/1.1 999 Odd\r\n\r\n', 'ServerError'],
  [
    'headers too large to read',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(80 * 1024)}\r\n\r\n`,
    'Responded',
  ],
  [
    'headers too large to read, without an end',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(80 * 1024)}`,
    'Responded',
  ],
  [
    'odd headers too large to read',
    `HTTP/1.1 200 OK\r\nbad\r\nx: ${'y'.repeat(80 * 1024)}`,
    'Responded',
  ],
  ['an interim answer, then no HTTP', 'HTTP/1.1 103 \r\n\r\nSSH-2.0\r\n', 'Responded'],
  ['not HTTP', 'SSH-2.0-OpenSSH_9.2p1\r\n', 'NotHTTP'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'NotHTTP'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'NotHTTP'],
  ['another protocol', 'ICY 200 OK\r\n\r\n', 'NotHTTP'],
];

const bytes = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n';

/** For a deadline of a second. */
export const paceRows: readonly (readonly [what: string, pace: Pace, reason: string])[] = [
  ['late', { bytes, afterMs: 600, end: 'close' }, asks],
  ['too late', { bytes, afterMs: 1_500, end: 'close' }, 'Timeout'],
  ['in small pieces', { bytes, pieces: 12, everyMs: 20, end: 'silence' }, asks],
  ['one byte a second', { bytes, pieces: 100, everyMs: 1_000, end: 'close' }, 'Timeout'],
  ['with a half-close at its end', { bytes, end: 'half-close' }, asks],
  ['a half-close instead of it', { bytes: '', end: 'half-close' }, 'ConnectionReset'],
  ['a reset instead of it', { bytes: '', end: 'reset' }, 'ConnectionReset'],
  [
    'a reset after its head',
    { bytes: `${bytes.replace('Length: 0', 'Length: 9')}{`, end: 'reset' },
    asks,
  ],
];
