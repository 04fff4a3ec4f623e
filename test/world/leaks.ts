/**
 * Watches every test: each token, code, verifier, client secret and cookie that crosses the wire in
 * this process is remembered, and what was printed, logged or written to a store is searched for
 * them when the file is done. Nothing here is needed for a test to pass.
 */
import { subscribe } from 'node:diagnostics_channel';
import { ClientRequest, type IncomingMessage, ServerResponse } from 'node:http';
import { afterAll } from 'vitest';

/**
 * Parameters of forms, members of JSON answers and parameters of redirects that are worth stealing.
 */
const names = [
  'access_token',
  'accessToken',
  'refresh_token',
  'id_token',
  'idToken',
  'token',
  'subject_token',
  'device_code',
  'code',
  'code_verifier',
  'verifier',
  'client_secret',
  'registration_access_token',
  'secret',
] as const;
export type SecretKind = (typeof names)[number] | 'bearer' | 'cookie' | 'basic' | 'key';

const secrets = new Map<string, SecretKind>();
const kinds = new Set<SecretKind>();
let seen: readonly { readonly where: string; readonly text: string }[] = [];

/** What is shorter is made up by a test, or could stand anywhere by chance. */
const shortest = 20;

/** A secret that crosses no wire here, or not by its name. */
export function remember(kind: SecretKind, value: unknown): void {
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
    seen
      .filter(({ text }) => text.includes(secret))
      .map(({ where }) => `${kind} ${secret.slice(0, 4)}... in ${where}`),
  );

export const kindsSeen = (): ReadonlySet<SecretKind> => kinds;

function inParameters(parameters: URLSearchParams): void {
  for (const name of names) remember(name, parameters.get(name));
}

function inHeaders(authorization: string | undefined, cookies: readonly string[]): void {
  const [, scheme = '', value] = /^(bearer|basic) +(\S+)$/i.exec(authorization ?? '') ?? [];
  remember(scheme.toLowerCase() === 'basic' ? 'basic' : 'bearer', value);
  for (const cookie of cookies)
    for (const pair of cookie.split('; ')) remember('cookie', pair.split('=')[1]);
}

function inBody(text: string): void {
  if (text.startsWith('{'))
    for (const name of names)
      remember(name, new RegExp(`"${name}"\\s*:\\s*"([^"]+)"`).exec(text)?.[1]);
  else if (/^[\w-]+=/.test(text)) inParameters(new URLSearchParams(text));
}

const textOf = (chunk: unknown): string =>
  typeof chunk === 'string' || chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : '';

/** Looks at what a method is called with, each time, before it does what it does. */
function watch<Holder extends object>(
  holder: Holder,
  name: string,
  look: (self: Holder, first: unknown) => void,
): void {
  const original: unknown = Reflect.get(holder, name);
  if (typeof original !== 'function') throw new TypeError(`${name} is no method.`);
  Reflect.set(holder, name, function watched(this: Holder, ...parameters: unknown[]): unknown {
    look(this, parameters[0]);
    return Reflect.apply(original, this, parameters);
  });
}

// What our functions send to issuers and MCP servers goes through undici.
subscribe('undici:request:create', (message) => {
  const { request } = message as { request: { body: unknown; headers: readonly string[] } };
  inBody(textOf(request.body));
  const at = request.headers.findIndex((name) => name.toLowerCase() === 'authorization');
  if (at >= 0) inHeaders(request.headers[at + 1], []);
});

// What they send to the API server, to the table and for the keys of issuers goes through node:http.
subscribe('http.client.request.start', (message) => {
  const { request } = message as { request: ClientRequest };
  const authorization = request.getHeader('authorization');
  if (typeof authorization === 'string') inHeaders(authorization, []);
});

// Whatever arrives at a server of this process: commands are processes of their own, issuers and
// browsers are not.
subscribe('http.server.request.start', (message) => {
  const { request } = message as { request: IncomingMessage };
  const { authorization, cookie = '' } = request.headers;
  inHeaders(authorization, [cookie]);
  inParameters(new URL(request.url ?? '/', 'http://localhost').searchParams);
  let body = '';
  watch(request, 'push', (_self, chunk) => {
    if (chunk === null) inBody(body);
    else body += textOf(chunk);
  });
});

// What the servers of this process answer: token answers, redirects with codes, cookies.
watch(ServerResponse.prototype, 'end', (response, chunk) => {
  inBody(textOf(chunk));
  const location = response.getHeader('location');
  if (typeof location === 'string' && URL.canParse(location))
    inParameters(new URL(location).searchParams);
  const cookies = response.getHeader('set-cookie') ?? [];
  inHeaders(
    undefined,
    [cookies].flat().map((cookie) => String(cookie).split(';')[0] ?? ''),
  );
});

// All that is ever written to a store of DynamoDB's kind goes through node:http with this header.
for (const method of ['write', 'end']) {
  watch(ClientRequest.prototype, method, (request, chunk) => {
    const target = request.getHeader('x-amz-target');
    // The Parameter Store is where secrets belong.
    if (typeof target === 'string' && !target.startsWith('AmazonSSM.'))
      expose(`the store (${target})`, readable(textOf(chunk)));
  });
}

/** With what is base64 within it in the clear: a header of a JWE is nothing but that. */
function readable(text: string): string {
  const decoded = [...text.matchAll(/[\w-]{24,}/g)].map(([part]) =>
    Buffer.from(part, 'base64url').toString('latin1'),
  );
  return [text, ...decoded].join('\n');
}

for (const stream of [process.stdout, process.stderr])
  watch(stream, 'write', (_self, chunk) => expose('the log', textOf(chunk)));

afterAll(() => {
  const found = leaks();
  if (found.length > 0) throw new Error(`Secrets leaked: ${found.join(', ')}`);
});
