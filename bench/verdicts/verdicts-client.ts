/**
 * What a gateway concludes that connects with the MCP client of the official SDK: connected, wants
 * a sign-in (401), or failed.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { PersonsClass } from '../../test/world/cases/fault-case.ts';

export type Asked = {
  readonly id: number;
  readonly url: string;
  readonly type: 'streamable-http' | 'sse';
  readonly headers: Record<string, string>;
  readonly timeoutMs: number;
};
export type Told = { readonly id: number; readonly told: PersonsClass };

async function conclusion({ url, type, headers, timeoutMs }: Asked): Promise<PersonsClass> {
  const client = new Client({ name: 'gateway', version: '1' });
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const options = { requestInit: { headers } };
    const transport =
      type === 'sse'
        ? new SSEClientTransport(new URL(url), options)
        : new StreamableHTTPClientTransport(new URL(url), options);
    const late = new Promise<never>((_, reject) => {
      deadline.addEventListener('abort', () => reject(deadline.reason), { once: true });
    });
    await Promise.race([client.connect(transport, { timeout: timeoutMs }), late]);
    return 'up';
  } catch (error) {
    const asks = error instanceof Error && 'code' in error && error.code === 401;
    return asks ? 'requires a sign-in' : 'down';
  } finally {
    await client.close().catch(() => {});
  }
}

process.on('message', (asked: Asked) => {
  void conclusion(asked).then((told) => process.send?.({ id: asked.id, told } satisfies Told));
});
// A transport that is closed rejects what it was still doing.
process.on('unhandledRejection', () => {});
process.once('disconnect', () => process.exit(0));
