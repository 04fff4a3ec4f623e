/**
 * Watches every test: each token, code, verifier, client secret and cookie that crosses the wire in this process is remembered, and what
 * was printed, logged or written to a store is searched for them when the file is done. Nothing here is needed for a test to pass.
 */
import { subscribe } from 'node:diagnostics_channel';
import { ClientRequest, type IncomingMessage, ServerResponse } from 'node:http';
import { afterAll } from 'vitest';

/** Parameters of forms, members of JSON answers and parameters of redirects that are worth stealing. */
const names = [
  'access_token',
  'refresh_token',
  'id_token',
  'subject_token',
  'device_code',
  'code',
  'code_verifier',
  'client_secret',
  'registration_access_token',
  'secret',
] as const;
export type SecretKind = (typeof names)[number] | 'bearer' | 'cookie' | 'basic';

const secrets = new Map<string, SecretKind>();
const kinds = new Set<SecretKind>();
let seen: readonly { readonly where: string; readonly text: string }[] = [];

/** What is shorter is made up by a test, or could stand anywhere by chance. */
const shortest = 20;

function remember(kind: SecretKind, value: unknown): void {
  if (typeof value !== 'string' || value.length < shortest) return;
  secrets.set(value, kind);
  kinds.add(kind);
}

/** Remembers text that must not hold a secret: output of a command, lines of a log. */
export function expose(where: string, text: string): void {
  seen = [...seen, { where, text }];
}

/** For the test that shows that a leak is seen. */
export function forget(place: string): void {
  seen = seen.filter(({ where }) => where !== place);
}

/** Secrets in what was exposed so far, by kind and place and never in full. */
export const leaks = (): readonly string[] =>
  [...secrets].flatMap(([secret, kind]) =>
    seen.filter(({ text }) => text.includes(secret)).map(({ where }) => `${kind} ${secret.slice(0, 4)}... in ${where}`),
  );

export const kindsSeen = (): ReadonlySet<SecretKind> => kinds;

function inParameters(parameters: URLSearchParams): void {
  for (const name of names) remember(name, parameters.get(name));
}

function inHeaders(authorization: unknown, cookies: unknown): void {
  const [, scheme = '', value] = /^(bearer|basic) +(\S+)$/i.exec(String(authorization)) ?? [];
  remember(scheme.toLowerCase() === 'basic' ? 'basic' : 'bearer', value);
  for (const cookie of [cookies].flat()) for (const pair of String(cookie ?? '').split('; ')) remember('cookie', pair.split('=')[1]);
}

function inBody(text: string): void {
  if (text.startsWith('{')) for (const name of names) remember(name, new RegExp(`"${name}"\\s*:\\s*"([^"]+)"`).exec(text)?.[1]);
  else if (/^[\w-]+=/.test(text)) inParameters(new URLSearchParams(text));
}

// What our functions send to issuers and MCP servers goes through undici.
subscribe('undici:request:create', (message) => {
  const { request } = message as { request: { body: unknown; headers: readonly string[] } };
  if (typeof request.body === 'string' || request.body instanceof Uint8Array) inBody(Buffer.from(request.body).toString());
  const headers = [...request.headers];
  const at = headers.findIndex((name) => String(name).toLowerCase() === 'authorization');
  if (at >= 0) inHeaders(headers[at + 1], undefined);
});

// Whatever arrives at a server of this process: commands are processes of their own, issuers and browsers are not.
subscribe('http.server.request.start', (message) => {
  const { request } = message as { request: IncomingMessage };
  inHeaders(request.headers.authorization, request.headers.cookie);
  inParameters(new URL(request.url ?? '/', 'http://localhost').searchParams);
  const push = request.push.bind(request);
  let body = '';
  request.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null) inBody(body);
    else body += String(chunk);
    return push(chunk, encoding);
  };
});

// What the servers of this process answer: token answers, redirects with codes, cookies.
const { end } = ServerResponse.prototype;
ServerResponse.prototype.end = function ended(this: ServerResponse, ...parameters: unknown[]) {
  const [chunk] = parameters;
  if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) inBody(chunk.toString());
  const location = this.getHeader('location');
  if (typeof location === 'string' && URL.canParse(location)) inParameters(new URL(location).searchParams);
  for (const cookie of [this.getHeader('set-cookie') ?? []].flat()) inHeaders(undefined, String(cookie).split(';')[0]);
  return Reflect.apply(end, this, parameters);
};

// All that is ever written to a store of DynamoDB's kind goes through node:http with this header.
for (const method of ['write', 'end'] as const) {
  const original = ClientRequest.prototype[method];
  ClientRequest.prototype[method] = function written(this: ClientRequest, ...parameters: unknown[]) {
    const [chunk] = parameters;
    const target = this.getHeader('x-amz-target');
    if (typeof target === 'string' && (typeof chunk === 'string' || chunk instanceof Uint8Array))
      expose(`the store (${target})`, Buffer.from(chunk as string).toString());
    return Reflect.apply(original, this, parameters);
  };
}

for (const stream of [process.stdout, process.stderr]) {
  const { write } = stream;
  stream.write = function logged(this: typeof stream, ...parameters: unknown[]): boolean {
    expose('the log', String(parameters[0]));
    return Boolean(Reflect.apply(write, this, parameters));
  };
}

afterAll(() => {
  const found = leaks();
  if (found.length > 0) throw new Error(`Secrets leaked: ${found.join(', ')}`);
});
