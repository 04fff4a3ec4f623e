/**
 * Reads at most so many bytes of a body, in at most so many milliseconds; `end` ends it. Once the
 * head is in, a body that breaks off changes nothing about it: then it is not whole.
 */
export async function boundedBody(
  body: AsyncIterable<Uint8Array>,
  limits: { readonly bytes: number; readonly ms: number },
  end: () => void,
): Promise<{ readonly body: Buffer; readonly isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  const patience = setTimeout(end, limits.ms);
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limits.bytes) break;
    }
    isWhole = length <= limits.bytes;
  } catch {
    // It broke off.
  } finally {
    clearTimeout(patience);
  }
  return { body: Buffer.concat(chunks).subarray(0, limits.bytes), isWhole };
}
