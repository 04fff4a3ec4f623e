import { brotliDecompress, unzip } from 'node:zlib';
import { promisify } from 'node:util';

/** As much as `guardedFetch` reads: a bomb of zeros is cut where a plain answer would be. */
const longestBody = 1024 * 1024;

/**
 * The body of an answer without its content coding. We ask for none, and an answer may have one all
 * the same (RFC 9110, section 12.5.3). A body that is not what its header says, or longer than 1 MiB
 * once unpacked, is returned as it came.
 */
export async function decodedBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const coding = response.headers.get('content-encoding')?.trim().toLowerCase();
  const unpack = coding === undefined ? undefined : unpackers[coding];
  if (unpack === undefined) return bytes;
  return unpack(bytes, { maxOutputLength: longestBody }).then(
    (plain) => new Uint8Array(plain),
    () => bytes,
  );
}

type Unpack = (bytes: Uint8Array, limits: { maxOutputLength: number }) => Promise<Buffer>;

const unpackers: Readonly<Record<string, Unpack>> = {
  gzip: promisify(unzip),
  'x-gzip': promisify(unzip),
  deflate: promisify(unzip),
  br: promisify(brotliDecompress),
};
