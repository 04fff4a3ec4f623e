/** A client that writes and reads the lines of a bridge itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { runBridge } from '../../../cli/bridge/bridge.ts';
import { accessKeeper } from '../../../cli/bridge/server-access.ts';
import { isRecord, parseJson } from '../../../functions/model/json.ts';
import { expose } from '../../world/leaks.ts';

export type Received = Readonly<Record<string, unknown>>;

export type RawClient = {
  readonly send: (message: unknown) => void;
  /** Writes these bytes as they are. */
  readonly write: (text: string | Buffer) => void;
  /** The first message, received or to come, that matches. */
  readonly received: (matches: (message: Received) => boolean) => Promise<Received>;
  readonly answerTo: (id: unknown) => Promise<Received>;
  readonly messages: readonly Received[];
  /** Lines of stdout as they came. */
  readonly lines: readonly string[];
  /** What a person may see in the log of the client. */
  readonly stderr: () => string;
  /** Ends stdin and waits for the end of the bridge. */
  readonly end: () => Promise<void>;
};

type Wanted = { readonly home: string; readonly endpoint: string; readonly name?: string };

/** A bridge in this process. */
export function startRawClient({ home, endpoint, name = 'default/server-a' }: Wanted): RawClient {
  const input = new PassThrough();
  const book = messageBook();
  let stderr = '';
  const info = (line: string) => void (stderr += `${line}\n`);
  const context = {
    option: (flag: string) => (flag === 'endpoint' ? endpoint : undefined),
    environment: { HOME: home },
    now: () => new Date(),
    info,
  };
  const ended = runBridge({
    name,
    access: accessKeeper(name, endpoint, context),
    environment: context.environment,
    input,
    write: async (line) => book.add(line),
    warn: info,
    interrupted: new Promise(() => {}),
  });
  ended.catch((error: unknown) => book.fail(error));
  return {
    ...book,
    ...writer((text) => void input.write(text)),
    stderr: () => stderr,
    end: async () => {
      input.end();
      await ended;
      expose('the bridge', book.lines.join('\n') + stderr);
    },
  };
}

export type ChildClient = Omit<RawClient, 'end'> & {
  readonly child: ChildProcess;
  /** Ends stdin, or sends a signal, and waits for the end of the process. */
  readonly end: (signal?: NodeJS.Signals) => Promise<{ code: number | null; ms: number }>;
};

/** `muster connect` as a process of its own, with HOME and PATH only, as clients start it. */
export function startChildClient(
  file: string,
  {
    home,
    endpoint,
    name = 'default/server-a',
    environment = {},
    flags = [],
  }: Wanted & {
    readonly environment?: Readonly<Record<string, string>>;
    readonly flags?: readonly string[];
  },
): ChildClient {
  const args = [file, 'connect', name, '--endpoint', endpoint, ...flags];
  const child = spawn(process.execPath, args, {
    env: { HOME: home, PATH: process.env['PATH'], ...environment },
  });
  const book = messageBook();
  let rest = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const [first = '', ...others] = chunk.split('\n');
    rest += first;
    for (const other of others) {
      book.add(rest);
      rest = other;
    }
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => {});
  const closed = once(child, 'close').then(() => {
    expose('muster connect', book.lines.join('\n') + stderr);
    book.fail(new Error(`The bridge ended: ${stderr}`));
  });
  return {
    ...book,
    ...writer((text) => void child.stdin.write(text)),
    child,
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

const writer = (write: RawClient['write']): Pick<RawClient, 'send' | 'write'> => ({
  write,
  send: (message) => write(`${JSON.stringify(message)}\n`),
});

/** What came, and who waits for more. */
function messageBook() {
  const messages: Received[] = [];
  const lines: string[] = [];
  const waiting = new Set<{ look: () => void; fail: (error: unknown) => void }>();
  const received = (matches: (message: Received) => boolean): Promise<Received> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = messages.find(matches);
        if (found === undefined) return;
        waiting.delete(one);
        resolve(found);
      };
      const one = { look, fail: reject };
      waiting.add(one);
      look();
    });
  return {
    messages,
    lines,
    received,
    answerTo: (id: unknown) =>
      received((message) => message['id'] === id && !('method' in message)),
    add: (line: string): void => {
      lines.push(line);
      const json = parseJson(line);
      if (isRecord(json)) messages.push(json);
      for (const { look } of waiting) look();
    },
    fail: (error: unknown): void => waiting.forEach((one) => one.fail(error)),
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
