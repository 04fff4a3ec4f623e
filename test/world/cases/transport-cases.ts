/**
 * What a server does, over every kind of address and connection: IPv4 and IPv6, one address and
 * many, TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2 only.
 */
import { createServer } from 'node:http';
import { createSecureServer as createHttp2, createServer as createPlainHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { Server } from 'node:net';
import type { Certificate } from '../../../local/certificates.ts';
import { hasIPv6, listenOnBoth } from './both-families.ts';
import { goodNames } from './case-names.ts';
import { type FaultCase, type Right, rightOf } from './fault-case.ts';
import { type Answers, asksForSignIn, says, speaksMcp } from './mcp-answer.ts';

const dropped: Answers = (request) => {
  if ('stream' in request) request.stream.session?.destroy();
  else request.socket.destroy();
};
const silent: Answers = (request) => void request.resume();

const behaviors: Readonly<Record<string, readonly [Answers, Right]>> = {
  'an open MCP server': [
    speaksMcp,
    { ...rightOf('connected Responded'), authRequired: 'False', speaksMcp: 'True' },
  ],
  'a server that asks for a sign-in': [
    asksForSignIn,
    { ...rightOf('connected AuthenticationRequired'), speaksMcp: 'Unknown' },
  ],
  'a server that forbids': [
    says(403, { 'content-type': 'text/html' }, '<h1>Forbidden</h1>'),
    rightOf('connected Responded'),
  ],
  'a server without this path': [says(404), rightOf('connected EndpointNotFound')],
  'a server that errs': [says(500), rightOf('connected ServerError')],
  'a gateway whose server is down': [says(503), rightOf('failing UpstreamUnavailable')],
  'a server that closes': [dropped, rightOf('failing ConnectionReset')],
  'a server that stays silent': [silent, rightOf('failing Timeout')],
};

const transports = {
  http: () => (answers: Answers) => createServer(answers),
  'TLS 1.2': (tls: Tls) => (answers: Answers) =>
    createHttps({ ...tls, maxVersion: 'TLSv1.2' }, answers),
  'TLS 1.3': (tls: Tls) => (answers: Answers) =>
    createHttps({ ...tls, minVersion: 'TLSv1.3' }, answers),
  'HTTP/2 only': (tls: Tls) => (answers: Answers) =>
    createHttp2({ ...tls, allowHTTP1: false }, answers),
} satisfies Record<string, (tls: Tls) => (answers: Answers) => Server>;

type Tls = { readonly key: string; readonly cert: string };

/** Every host that the certificate has to name. */
export const transportHosts: readonly string[] = [
  '127.0.0.1',
  ...(hasIPv6 ? ['::1'] : []),
  'localhost',
  ...Object.keys(goodNames).filter((name) => hasIPv6 || !name.startsWith('six')),
];

export async function transportCases({
  certPem,
  keyPem,
}: Certificate): Promise<readonly FaultCase[]> {
  const tls = { key: keyPem, cert: certPem };
  const cases: FaultCase[] = [];
  for (const [transport, make] of Object.entries(transports))
    for (const [behavior, [answers, right]] of Object.entries(behaviors)) {
      const port = await listenOnBoth(() => quiet(make(tls)(answers)));
      for (const host of transportHosts)
        cases.push({
          area: 'transports',
          name: `${behavior}, ${transport}, ${host}`,
          server: { url: urlOf(transport === 'http' ? 'http' : 'https', host, port) },
          right,
        });
    }
  const plain = await listenOnBoth(() => quiet(createPlainHttp2(speaksMcp)));
  const [, right] = behaviors['an open MCP server'] ?? [];
  if (right !== undefined)
    cases.push({
      area: 'transports',
      name: 'HTTP/2 only, without TLS',
      source: 'RFC 9113, section 3.3',
      server: { url: urlOf('http', '127.0.0.1', plain) },
      right,
    });
  return cases;
}

const urlOf = (scheme: string, host: string, port: number): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/mcp`;

/** What a client cuts off is no error of this process. */
const quiet = (server: Server): Server =>
  server
    .on('clientError', (_error: Error, socket: { destroy: () => void }) => socket.destroy())
    .on('sessionError', () => {})
    .on('tlsClientError', () => {});
