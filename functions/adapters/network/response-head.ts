/** The head of an HTTP/1.x response. Names are in lower case; a name may come more than once. */
export type ResponseHead = {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
};

/** Whether these first bytes are a status line `HTTP/1.x NNN`, or may become one. */
export const mayBeStatusLine = (bytes: Buffer): boolean =>
  statusLineSoFar.test(bytes.toString('latin1', 0, 64));

const statusLineSoFar =
  /^[\r\n]*(?:H?|HT|HTT|HTTP\/?|HTTP\/1\.?|HTTP\/1\.\d(?:[ \t]+\d{0,2})?)$|^[\r\n]*HTTP\/1\.\d[ \t]+\d{3}(?!\d)/;

/**
 * Where the head ends that begins here, or undefined. A line may end with LF alone (RFC 9112, 2.2).
 * The first `seen` bytes are known to hold no end.
 */
export function headEnd(bytes: Buffer, seen = 0): number | undefined {
  const first = bytes.indexOf('H');
  if (first < 0) return undefined;
  const start = Math.max(first, seen - 2);
  const bare = bytes.indexOf('\n\n', start);
  const full = bytes.indexOf('\n\r\n', start);
  const ends = [...(bare < 0 ? [] : [bare + 2]), ...(full < 0 ? [] : [full + 3])];
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/**
 * What begins with a head, when that is the final one, is whole, and every strict reader understands
 * it (RFC 9112, sections 4 and 5).
 */
export function strictHeadIn(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1', 0, usualHead);
  return strictHead.test(text) ? text : undefined;
}

const usualHead = 8 * 1024;
const strictHead =
  /^HTTP\/1\.[01] [2-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/;

/** Reads what `strictHeadIn` has found. */
export function readStrictHead(text: string): ResponseHead {
  const headers: (readonly [name: string, value: string])[] = [];
  let start = text.indexOf('\r\n') + 2;
  for (let end = text.indexOf('\r\n', start); end > start; end = text.indexOf('\r\n', start)) {
    const colon = text.indexOf(':', start);
    const name = text.slice(start, colon).toLowerCase();
    headers.push([name, withoutBlanks(text.slice(colon + 1, end))]);
    start = end + 2;
  }
  return { status: Number(text.slice(9, 12)), headers };
}

/**
 * Reads what follows a status line as it was meant: folded lines are one (RFC 9112, section 5.2),
 * space before a colon is none, and a line that is no header is left out.
 */
export function readHead(head: string): ResponseHead {
  const [first = '', ...lines] = head
    .replace(/^[\r\n]+/, '')
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/);
  return {
    status: Number(/^HTTP\/1\.\d[ \t]+(\d{3})/.exec(first)?.[1]),
    headers: lines.flatMap((line) => {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
      return isToken.test(name)
        ? [[name, withoutBlanks(line.slice(colon + 1).replace(controls, ''))]]
        : [];
    }),
  };
}

/** RFC 9110, section 5.5: those around a value are no part of it. A no-break space is. */
function withoutBlanks(value: string): string {
  let [start, end] = [0, value.length];
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

const isToken = /^[!#$%&'*+\-.^_`|~\da-z]+$/;
// oxlint-disable-next-line no-control-regex -- they are what is taken out
const controls = /[\0-\x08\x0a-\x1f\x7f]/g;

/** The same head as every strict reader takes it. A length that is no number is left out. */
export function rewritten({ status, headers }: ResponseHead): Buffer {
  const lines = headers
    .filter(([name, value]) => name !== 'content-length' || /^\d{1,15}$/.test(value))
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status} \r\n${lines.join('')}\r\n`, 'latin1');
}
