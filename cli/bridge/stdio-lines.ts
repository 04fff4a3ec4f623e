import { CliError } from '../context.ts';

const newline = 10;
const megabyte = 1024 * 1024;
/** Far above what MCP clients send; it bounds the memory of a stream without a newline. */
const longestMegabytes = 64;

/**
 * The messages of the stdio transport: lines that end with a newline byte and with nothing else. (A
 * JSON text may hold U+2028, where node:readline would split it.) Throws for a line above 64 MB.
 */
export async function* linesOf(input: AsyncIterable<unknown>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    if (!Buffer.isBuffer(chunk)) continue;
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString('utf8');
      [parts, bytes, start] = [[], 0, end + 1];
    }
    parts.push(chunk.subarray(start));
    bytes += chunk.length - start;
    if (bytes > longestMegabytes * megabyte)
      throw new CliError(`A message on stdin is longer than ${String(longestMegabytes)} MB.`);
  }
}
