/** Servers that answer GET and POST in different ways, and what follows from the two requests. */
import type { ConditionStatus } from '../../../functions/model/mcpserver.ts';
import { html, json, rpcError, rpcResult, type Script } from '../scripted-server.ts';

/** A GET is not for this server. */
export const modern = { status: 405, headers: { allow: 'POST' } } as const;

/** Verdict and requests. */
export const requestRows: readonly (readonly [
  what: string,
  script: Script,
  verdict: string,
  asked: string,
])[] = [
  // modelcontextprotocol/rust-sdk#553, go-sdk#410: no headers before the first event.
  [
    'a silent GET, and a result',
    { get: 'silent', post: rpcResult },
    'connected Responded',
    'GET POST',
  ],
  // modelcontextprotocol/go-sdk#937, cloudflare/cloudflared#1449
  [
    'a silent GET, and a 401',
    { get: 'silent', post: { status: 401 } },
    'connected AuthenticationRequired',
    'GET POST',
  ],
  // Vexa-ai/vexa#795
  [
    'a GET that is closed, and a result',
    { get: 'closed', post: rpcResult },
    'connected Responded',
    'GET POST',
  ],
  [
    'a GET that is reset, and a 400',
    { get: 'reset', post: rpcError(400, -32000) },
    'connected Responded',
    'GET POST',
  ],
  // stacklok/toolhive#6497, mcp-lifecycle-operator#111
  [
    'a 503 to the GET, and a result',
    { get: { status: 503 }, post: rpcResult },
    'connected Responded',
    'GET POST',
  ],
  [
    'a 504 to the GET, and a 401',
    { get: { status: 504 }, post: { status: 401 } },
    'connected AuthenticationRequired',
    'GET POST',
  ],
  [
    'a 530 to the GET, and a 404',
    { get: { status: 530 }, post: html(404) },
    'connected EndpointNotFound',
    'GET POST',
  ],
  [
    '503 to both',
    { get: { status: 503 }, post: { status: 503 } },
    'failing UpstreamUnavailable',
    'GET POST',
  ],
  [
    'a silent GET, and a 503',
    { get: 'silent', post: { status: 503 } },
    'failing UpstreamUnavailable',
    'GET POST',
  ],
  [
    'a 503 to the GET, and a POST that is closed',
    { get: { status: 503 }, post: 'closed' },
    'failing UpstreamUnavailable',
    'GET POST',
  ],
  [
    'a 503 to the GET, and our own proxy answers the POST',
    { get: { status: 503 }, post: { status: 407 } },
    'failing UpstreamUnavailable',
    'GET POST',
  ],
  ['silence to both', { get: 'silent', post: 'silent' }, 'failing Timeout', 'GET POST'],
  ['both are closed', { get: 'closed', post: 'closed' }, 'failing ConnectionReset', 'GET POST'],
  [
    'a GET that is closed, and a silent POST',
    { get: 'closed', post: 'silent' },
    'failing ConnectionReset',
    'GET POST',
  ],
  ['a GET that is answered', { get: modern, post: 'silent' }, 'connected Responded', 'GET POST'],
];

const stream = (body: string, stays = true) =>
  ({ status: 200, type: 'text/event-stream', body, stays }) as const;
const long = JSON.stringify({
  result: { instructions: 'x'.repeat(9000) },
  jsonrpc: '2.0',
  id: 1,
});

/** Conditions `AuthRequired` and `SpeaksMCP`; each of these servers is reachable. */
export const signRows: readonly (readonly [
  what: string,
  script: Script,
  signIn: ConditionStatus | undefined,
  speaksMcp: ConditionStatus | undefined,
])[] = [
  ['a result', { get: modern, post: rpcResult }, 'False', 'True'],
  [
    'a result without an end, `jsonrpc` last',
    { get: modern, post: { status: 200, type: 'application/json', body: long } },
    'False',
    'True',
  ],
  ['an event stream', { get: modern, post: stream('') }, 'False', 'True'],
  [
    'an event stream with a result',
    {
      get: modern,
      post: stream('event: message\ndata: {"result":{},"jsonrpc":"2.0","id":1}\n\n'),
    },
    'False',
    'True',
  ],
  [
    'an event stream with an error',
    { get: modern, post: stream('data: {"jsonrpc":"2.0","id":1,"error":{"code":-32601}}\n\n') },
    'Unknown',
    'True',
  ],
  // @toolbox-sdk/server 1.12.0 answers errors with 200.
  ['a JSON-RPC error with 200', { get: modern, post: rpcError(200, -32601) }, 'Unknown', 'True'],
  // dynatrace-oss/dynatrace-mcp#540, apollographql/apollo-mcp-server#602: a check of the Host.
  [
    'a JSON-RPC error with 403',
    { get: { status: 405 }, post: rpcError(403, -32000) },
    'Unknown',
    'True',
  ],
  [
    'a JSON-RPC error of a legacy server',
    { get: rpcError(400, -32000), post: rpcError(400, -32000) },
    'Unknown',
    'True',
  ],
  [
    'a JSON-RPC error of a modern server',
    { get: modern, post: rpcError(400, -32022) },
    'Unknown',
    'True',
  ],
  // supergateway 4.0.0
  ['a JSON-RPC error with 404', { get: html(400), post: rpcError(404, -32601) }, 'Unknown', 'True'],
  ['a 401 to the POST alone', { get: html(404), post: { status: 401 } }, 'True', 'Unknown'],
  [
    'a 401 to the POST, 405 to the GET',
    { get: modern, post: json(401, { error: 'invalid_token' }) },
    'True',
    'Unknown',
  ],
  [
    'a 403 with a Bearer challenge to the POST',
    {
      get: modern,
      post: { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } },
    },
    'True',
    'Unknown',
  ],
  ['a 401 to the GET', { get: { status: 401 }, post: rpcResult }, 'True', 'Unknown'],
  ['a web page', { get: html(200), post: html(200) }, 'Unknown', 'False'],
  [
    'other JSON',
    { get: json(200, { ok: true }), post: json(200, { ok: true }) },
    'Unknown',
    'False',
  ],
  ['a web page that says 404', { get: html(404), post: html(404) }, 'Unknown', 'False'],
  ['405 to the POST', { get: html(200), post: { status: 405 } }, 'Unknown', 'False'],
  ['a plain 400', { get: html(400), post: html(400) }, 'Unknown', 'Unknown'],
  ['a plain 403', { get: html(403), post: html(403) }, 'Unknown', 'Unknown'],
  ['402', { get: { status: 402 }, post: { status: 402 } }, 'Unknown', 'Unknown'],
  [
    'JSON that does not come',
    { get: modern, post: { status: 200, type: 'application/json', stays: true } },
    'Unknown',
    'Unknown',
  ],
  ['an empty 202', { get: modern, post: { status: 202 } }, 'Unknown', 'Unknown'],
  // mcp-lifecycle-operator#145
  ['a POST that hangs', { get: modern, post: 'silent' }, 'Unknown', 'Unknown'],
  ['a POST that is closed', { get: modern, post: 'closed' }, 'Unknown', 'Unknown'],
  ['a 500 to the POST', { get: modern, post: { status: 500 } }, 'Unknown', 'Unknown'],
  [
    'a 500 to the GET, a 401 to the POST',
    { get: { status: 500 }, post: { status: 401 } },
    'True',
    'Unknown',
  ],
  ['a rate limit', { get: { status: 429 }, post: rpcResult }, undefined, undefined],
];
