/**
 * A writer that behaves as giantswarm/muster 5.28 does beside us, as it was read and run: it
 * initializes a server once, retries what it takes for transient, restores its word within 30 s,
 * and writes Connected servers every 30 s. Each write is a PUT of the status that it has just read.
 */
import * as z from 'zod/mini';
import { defined } from '../../functions/model/defined.ts';

export type Send = (
  method: string,
  path: string,
  body?: object,
) => Promise<{ readonly code: number; readonly body: unknown }>;

export const serversPath = '/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers';

const signOn = z.object({
  forwardToken: z._default(z.boolean(), false),
  tokenExchange: z.optional(z.object({ enabled: z._default(z.boolean(), false) })),
});
const objectSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    type: z.string(),
    url: z._default(z.string(), ''),
    autoStart: z._default(z.boolean(), false),
    suspended: z._default(z.boolean(), false),
    auth: z._default(signOn, { forwardToken: false }),
  }),
  status: z._default(
    z.looseObject({
      state: z.optional(z.string()),
      lastConnected: z.optional(z.string()),
      conditions: z._default(z.array(z.looseObject({ type: z.string() })), []),
    }),
    { conditions: [] },
  ),
});
type ServerObject = z.infer<typeof objectSchema>;
type Spec = ServerObject['spec'];

type Word = {
  readonly state: string;
  /** Reason of `Ready`; undefined: it is True. */
  readonly notReady?: string;
  readonly error?: string;
  readonly httpStatus?: number;
  readonly retries?: boolean;
};

type Memory = { word: Word; failures: number; retryAt?: number; attempting: boolean };

const retryingAfterMs = 30_000;
const longestBackoffMs = 2 * 60_000; // giantswarm/muster#1165
const rewriteMs = 30_000;

export type UpstreamWriter = {
  /** What it does at this moment; it comes back every 15 s. */
  readonly actAt: (now: Date) => Promise<void>;
  /** Whether a person's session uses a single-sign-on server: then that reads `Connected`. */
  readonly use: (name: string, isUsed: boolean) => void;
  /** Its writes, by the name of the server. */
  readonly writes: ReadonlyMap<string, number>;
};

export function upstreamWriter(send: Send): UpstreamWriter {
  const memories = new Map<string, Memory>();
  const used = new Set<string>();
  const writes = new Map<string, number>();

  const act = async (object: ServerObject, now: Date): Promise<void> => {
    const { name } = object.metadata;
    const memory = memories.get(name) ?? (await startOf(object.spec));
    memories.set(name, memory);
    if (memory.attempting) {
      memory.attempting = false;
      Object.assign(memory, retried(memory, await initialize(object.spec), now));
    } else if (memory.word.retries === true) {
      memory.retryAt ??= now.getTime() + retryingAfterMs;
      memory.attempting = now.getTime() >= memory.retryAt;
    }
    const word: Word = memory.attempting
      ? { ...memory.word, state: 'Connecting' }
      : wordFor(memory.word, used.has(name));
    const { state, lastConnected = '1970-01-01T00:00:00Z', conditions } = object.status;
    const isKnown = conditions.some(({ type }) => type === 'Ready');
    const isOld = now.getTime() - Date.parse(lastConnected) >= rewriteMs;
    if (isKnown && state === word.state && !(state === 'Connected' && isOld)) return;
    await put(send, name, word, { now, retryAt: memory.retryAt });
    writes.set(name, (writes.get(name) ?? 0) + 1);
  };

  return {
    writes,
    use: (name, isUsed) => void (isUsed ? used.add(name) : used.delete(name)),
    actAt: async (now) => {
      const { body } = await send('GET', serversPath);
      const { items } = z.object({ items: z.array(objectSchema) }).parse(body);
      for (const object of items) await act(object, now);
    },
  };
}

async function startOf(spec: Spec): Promise<Memory> {
  const word = await initialize(spec);
  return { word, failures: word.retries === true ? 1 : 0, attempting: false };
}

function retried({ failures }: Memory, word: Word, now: Date): Partial<Memory> {
  const count = word.retries === true ? failures + 1 : 0;
  const backoffMs = Math.min(retryingAfterMs * 2 ** Math.max(count - 1, 0), longestBackoffMs);
  return { word, failures: count, retryAt: now.getTime() + backoffMs };
}

const wordFor = (word: Word, isUsed: boolean): Word =>
  word.state === 'Awaiting Session' && isUsed ? { state: 'Connected' } : word;

const failed = (error: string, rest: Partial<Word> = {}): Word => ({
  state: 'Failed',
  notReady: 'Failed',
  error,
  ...rest,
});

async function initialize({ type, url, autoStart, suspended, auth }: Spec): Promise<Word> {
  if (suspended) return { state: 'Disconnected', notReady: 'Suspended' };
  if (type === 'stdio') return { state: 'Running' };
  if (!autoStart) return { state: 'Disconnected', notReady: 'Failed' };
  const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  try {
    const response = await fetch(url, { method: 'POST', body });
    const { status } = response;
    if (status === 401)
      return auth.forwardToken || auth.tokenExchange?.enabled === true
        ? { state: 'Awaiting Session' }
        : { state: 'Auth Required', error: 'authentication required' };
    if (status >= 400)
      return failed(`server returned ${status}`, { httpStatus: status, retries: status >= 500 });
    return (await response.text()).includes('"result"')
      ? { state: 'Connected' }
      : failed('invalid MCP response');
  } catch {
    return url.startsWith('https:')
      ? failed('tls: handshake failure')
      : failed('dial tcp: connection refused', { retries: true });
  }
}

const clientInfo = { name: 'muster-aggregator', version: '1.0.0' };

/** Reads, writes all of the status back, and reads again on a conflict. */
async function put(
  send: Send,
  name: string,
  word: Word,
  { now, retryAt }: { readonly now: Date; readonly retryAt: number | undefined },
): Promise<void> {
  const at = timeOf(now);
  const ready = {
    type: 'Ready',
    status: word.notReady === undefined ? 'True' : 'False',
    reason: word.notReady ?? word.state.replace(' ', ''),
    message: word.error ?? '',
    lastTransitionTime: at,
  };
  for (let tries = 0; tries < 5; tries += 1) {
    const object = objectSchema.parse((await send('GET', `${serversPath}/${name}`)).body);
    const status = defined({
      ...object.status,
      state: word.state,
      lastError: word.error ?? '',
      lastConnected: word.state === 'Connected' ? at : object.status.lastConnected,
      lastFailureHTTPStatus: word.httpStatus,
      conditions: [...object.status.conditions.filter(({ type }) => type !== 'Ready'), ready],
      ...(word.retries === true &&
        retryAt !== undefined && { nextRetryAfter: timeOf(new Date(retryAt)) }),
    });
    const { code, body } = await send('PUT', `${serversPath}/${name}/status`, {
      ...object,
      status,
    });
    if (code === 200) return;
    if (code !== 409)
      throw new Error(`The other writer was answered ${code}: ${JSON.stringify(body)}`);
  }
  throw new Error(`The other writer had 5 conflicts in a row at ${name}.`);
}

const timeOf = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;
