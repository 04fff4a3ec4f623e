/** Callers of `bench/list/list.ts`: each keeps its connection and sends one request after another. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';

export type Wanted = {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Reply = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** As it came, compressed or not. */
  readonly bytes: Buffer;
  readonly ms: number;
};

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

export async function ask({ url, headers = {} }: Wanted): Promise<Reply> {
  const started = performance.now();
  const sent = request(url, { agent, headers });
  sent.end();
  const [answer]: [IncomingMessage] = await once(sent, 'response').then(([first]) => [first]);
  const bytes = await buffer(answer);
  const { statusCode: status = 0 } = answer;
  return { status, headers: answer.headers, bytes, ms: performance.now() - started };
}

/** How long each took, by `callers` at the same time. `one` throws where an answer is wrong. */
export async function timesOf(
  callers: number,
  each: number,
  one: () => Promise<number>,
): Promise<readonly number[]> {
  const times: number[] = [];
  const caller = async (): Promise<void> => {
    for (let count = 0; count < each; count += 1) times.push(await one());
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return times;
}

export const closeConnections = (): void => agent.destroy();
