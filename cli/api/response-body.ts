/** The body of a response: read up to a limit, and decompressed. */
import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { oneLine } from '../../functions/model/outside-text.ts';
import { CliError } from '../context.ts';
import { codeOf } from '../token-store/private-file.ts';

/** What `readBody` undoes: the value of `Accept-Encoding`. */
export const readableEncoding = 'gzip';

const megabyte = 1024 * 1024;
/** Of the buffers of gunzip: a long list takes 3.5 ms, and 5 ms with the default of 16 KB. */
const gunzipBytes = 256 * 1024;

/**
 * The body as it was before its encoding (RFC 9110, section 8.4). Throws a `CliError` for more than
 * `maxBytes`, as they were sent or decompressed, and for an unknown encoding of a success; an error
 * of zlib for gzip that is broken or incomplete.
 */
export async function readBody(
  incoming: IncomingMessage,
  url: URL,
  maxBytes: number,
): Promise<Buffer> {
  const sent = await sentBody(incoming, url, maxBytes);
  const encoding = incoming.headers['content-encoding']?.trim().toLowerCase() ?? '';
  // A 304 may name the encoding of the body that it leaves out.
  if (sent.length === 0 || encoding === '' || encoding === 'identity') return sent;
  if (encoding === 'gzip' || encoding === 'x-gzip')
    return isGzip(sent) ? gunzipped(sent, url, maxBytes) : sent;
  if (!isExpected(incoming)) return Buffer.alloc(0);
  throw new CliError(
    `The response from ${url.origin} has an unknown encoding: ${oneLine(encoding, 40)}.`,
    {
      hint: `Only gzip can be read. Check whether a proxy between here and ${url.host} changes responses.`,
    },
  );
}

/**
 * Some proxies decompress a body and leave its header (caddyserver/caddy#3546). Gzip begins with
 * these bytes (RFC 1952, section 2.3.1), and no text does.
 */
const isGzip = (sent: Buffer): boolean => sent[0] === 0x1f && sent[1] === 0x8b;

/** An error, or a page for people: the status and the type say more than a body does. */
function isExpected({ statusCode = 0, headers }: IncomingMessage): boolean {
  const isPage = headers['content-type']?.startsWith('text/html') === true;
  return statusCode >= 200 && statusCode < 300 && !isPage;
}

async function sentBody(incoming: IncomingMessage, url: URL, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) {
      incoming.destroy();
      throw tooLong(url, maxBytes);
    }
  }
  return Buffer.concat(chunks);
}

function gunzipped(sent: Buffer, url: URL, maxBytes: number): Buffer {
  try {
    return gunzipSync(sent, { maxOutputLength: maxBytes, chunkSize: gunzipBytes });
  } catch (error) {
    throw codeOf(error) === 'ERR_BUFFER_TOO_LARGE' ? tooLong(url, maxBytes) : error;
  }
}

const tooLong = ({ origin }: URL, maxBytes: number): CliError =>
  new CliError(
    `The response from ${origin} is longer than ${String(Math.ceil(maxBytes / megabyte))} MB.`,
    { hint: `Check that ${origin} is the right address.` },
  );
