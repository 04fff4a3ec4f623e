/** A client that writes and reads the lines of a bridge itself. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { isRecord, parseJson } from '../../../functions/model/json.ts';
import { expose } from '../../world/leaks.ts';

export type Received = Readonly<Record<string, unknown>>;

export type RawClient = {
  readonly child: ChildProcessWithoutNullStreams;
  readonly send: (message: unknown) => void;
  /** Writes these bytes as they are. */
  readonly write: (text: string | Buffer) => void;
  /** The first message, received or to come, that matches. */
  readonly received: (matches: (message: Received) => boolean) => Promise<Received>;
  readonly answerTo: (id: unknown) => Promise<Received>;
  readonly messages: readonly Received[];
  /** Lines of stdout as they came. */
  readonly lines: readonly string[];
  readonly stderr: () => string;
  /** Ends stdin, or sends a signal, and waits for the end. */
  readonly end: (signal?: NodeJS.Signals) => Promise<{ code: number | null; ms: number }>;
};

/** Starts `muster connect` with HOME and PATH only, as clients do. */
export function startRawClient(
  file: string,
  {
    home,
    endpoint,
    name = 'default/server-a',
    environment = {},
  }: {
    readonly home: string;
    readonly endpoint: string;
    readonly name?: string;
    readonly environment?: Readonly<Record<string, string>>;
  },
): RawClient {
  const child = spawn(process.execPath, [file, 'connect', name, '--endpoint', endpoint], {
    env: { HOME: home, PATH: process.env['PATH'], ...environment },
  });
  const messages: Received[] = [];
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let rest: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)]).toString();
      [rest, start] = [[], end + 1];
      lines.push(line);
      const json = parseJson(line);
      if (isRecord(json)) messages.push(json);
    }
    rest.push(chunk.subarray(start));
    for (const look of waiting) look();
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = once(child, 'close');
  child.once('close', () => expose('muster connect', lines.join('\n') + stderr));
  child.stdin.on('error', () => {});
  const received = (matches: (message: Received) => boolean): Promise<Received> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = messages.find(matches);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      void closed.then(() => reject(new Error(`The bridge ended: ${stderr}`)));
      look();
    });
  const write = (text: string | Buffer) => void child.stdin.write(text);
  return {
    child,
    write,
    send: (message) => write(`${JSON.stringify(message)}\n`),
    received,
    answerTo: (id) => received((message) => message['id'] === id && !('method' in message)),
    messages,
    lines,
    stderr: () => stderr,
    end: async (signal) => {
      const started = performance.now();
      if (signal === undefined) child.stdin.end();
      else child.kill(signal);
      await closed;
      return { code: child.exitCode, ms: performance.now() - started };
    },
  };
}

export const request = (id: number | string, method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

export const notification = (method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  method,
  params,
});

/** A request of the revision without sessions. */
export const stateless = (id: number | string, method: string, params: object = {}) =>
  request(id, method, {
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  });

export const initialize = (id: number | string = 'init') =>
  request(id, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'a test', version: '1' },
  });
