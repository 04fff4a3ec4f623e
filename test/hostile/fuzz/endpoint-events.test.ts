/**
 * Whatever event Lambda hands to the endpoint or to the sweep, there is an answer of ours: no 5xx
 * for what a caller wrote, and never an exception of the handler.
 */
import { randomBytes } from 'node:crypto';
import { array, constantFrom, oneof, record, tuple } from 'fast-check';
import { afterAll, beforeAll, expect } from 'vitest';
import * as z from 'zod/mini';
import { createApi } from '../../../functions/api.ts';
import { createSweep } from '../../../functions/sweep.ts';
import { ClusterError } from '../../../functions/model/cluster-error.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { functionUrlHandler } from '../../../functions/routes/function-url.ts';
import { contract } from '../../../functions/routes/contract.ts';
import { type LocalCluster, startCluster } from '../../../local/cluster/local-cluster.ts';
import { declareServers } from '../../../local/declare-servers.ts';
import { type Store, startStore } from '../../../local/dynamodb.ts';
import { type Bus, startBus } from '../../../local/event-bus.ts';
import { ada, commandLineClient, type Issuer, startIssuer } from '../../../local/issuer.ts';
import { contextOf, eventOf, type FunctionUrlResult } from '../../../local/lambda.ts';
import { bearerFor } from '../../world/bearer.ts';
import { aManifest, crdFile } from '../../world/manifest.ts';
import { fuzz } from './runs.ts';
import { nearly, oddAnything, oddJson, oddText } from './odd-values.ts';

let parts: readonly [Issuer, LocalCluster, Store, Bus];
let api: ReturnType<typeof functionUrlHandler>;
let sweep: ReturnType<typeof createSweep>;
let bearer: string;
beforeAll(async () => {
  parts = await Promise.all([startIssuer(), startCluster({ crdFile }), startStore(), startBus([])]);
  const [issuer, cluster, store, bus] = parts;
  const away = { type: 'streamable-http', url: 'http://127.0.0.1:1/mcp' };
  const manifests = ['server-a', 'server-b'].map((name) =>
    JSON.stringify(aManifest({ name, namespace: 'default', spec: away })),
  );
  await declareServers(cluster.kubeconfig, manifests.join('\n---\n'), 'the test');
  const environment = {
    KUBECONFIG_YAML: cluster.kubeconfig,
    AWS_ENDPOINT_URL_DYNAMODB: store.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    BUS_NAME: 'muster',
    TABLE_NAME: store.table,
    TOKEN_KEYS: `one:${randomBytes(32).toString('base64url')}`,
    GUARD: 'off',
    OIDC_ISSUER: issuer.url,
    OIDC_CLIENT_ID: commandLineClient.client_id,
    LIVE_PAGE: 'on',
    PUBLIC_URL: 'https://muster.example.com',
  };
  bearer = await bearerFor(issuer, ada);
  api = functionUrlHandler(createApi(environment));
  sweep = createSweep(environment);
});
afterAll(() => Promise.all(parts.map((part) => part.close())));

const segment = oneof(
  { weight: 4, arbitrary: constantFrom('default', 'server-a', 'team-a', 'session', 'check') },
  constantFrom(
    '..',
    '%2e%2e',
    '%2F',
    '%00',
    '%',
    '%zz',
    '%ff',
    '',
    '.',
    'a'.repeat(300),
    '*',
    '{}',
  ),
  oddText,
);
const path = oneof(
  {
    weight: 5,
    arbitrary: tuple(constantFrom(...contract.map(({ path }) => path)), segment, segment).map(
      ([route, one, other]) => route.replace('{namespace}', one).replace(/\{\w+\}/g, other),
    ),
  },
  array(segment, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  oddText,
);
const query = array(
  tuple(
    oneof(
      {
        weight: 5,
        arbitrary: constantFrom(
          'limit',
          'labelSelector',
          'continue',
          'namespace',
          'labelSelector',
          'state',
          'code',
          'iss',
          'error',
        ),
      },
      oddText,
    ),
    oneof(
      constantFrom('x', '0', '-1', '501', '1e3', 'default', 'a=b', '!', ',', '%', 'e30', '\u0000'),
      oddText,
    ),
  ),
  { maxLength: 5 },
).map((pairs) => {
  const search = new URLSearchParams();
  for (const [name, value] of pairs) search.append(wellFormed(name), wellFormed(value));
  return search.toString();
});

const own = '<the bearer>';
const headers = nearly({
  host: constantFrom('muster.example.com', 'evil.example.com', ''),
  authorization: constantFrom(
    own,
    own,
    own,
    'Bearer x.y.z',
    'Bearer ',
    'bearer',
    'Basic YTpi',
    `${own}x`,
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    undefined,
  ),
  'content-type': constantFrom('application/json', 'text/plain', 'multipart/form-data', ''),
  'content-length': constantFrom('0', '-1', '99999999999'),
  dpop: constantFrom('x', 'eyJhbGciOiJub25lIn0.e30.', undefined),
  'x-forwarded-host': constantFrom('evil.example.com'),
  'x-http-method-override': constantFrom('DELETE'),
  cookie: oneof(
    oddText,
    oddText.map((text) => `__Host-muster-live=${text}`),
  ),
  'sec-fetch-site': constantFrom('same-origin', 'cross-site', undefined),
});
const body = oneof(
  constantFrom(
    undefined,
    null,
    '',
    '{}',
    '{"returnTo":"https://evil.example.com/"}',
    '{"returnTo":1}',
    '{"secret":{}}',
    '[]',
    'null',
    '{',
    '['.repeat(20_000),
    '\ufeff{}',
  ),
  oddJson.map((value) => JSON.stringify(value) ?? ''),
  oddText,
);

const request = record({
  method: oneof(
    { weight: 9, arbitrary: constantFrom('GET', 'POST', 'DELETE') },
    constantFrom('PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'get', '', 'G E T'),
  ),
  path,
  query,
  headers,
  body,
  isBase64Encoded: constantFrom(false, false, false, true),
});

const resultSchema = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.unknown()),
  body: z.string(),
});

/** As Function URLs hand it over: percent-encoded, without what no HTTP request can hold. */
function eventFor({ method, path, query, headers, body, isBase64Encoded }: Asked) {
  const given = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && /^[\w-]+$/.test(name)
      ? [[name.toLowerCase(), sendable(value.replace(own, `Bearer ${bearer}`))]]
      : [],
  );
  const base = eventOf({ method, url: `/?${query}`, host: 'muster.example.com' });
  return {
    ...base,
    rawPath: encodeURI(wellFormed(path.replace(/^\/?/, '/'))).replaceAll('%25', '%'),
    headers: Object.fromEntries(given),
    requestContext: { ...base.requestContext, http: { ...base.requestContext.http, method, path } },
    body: isBase64Encoded ? Buffer.from(body ?? '').toString('base64') : body,
    isBase64Encoded,
  };
}
type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: object;
  readonly body: string | null | undefined;
  readonly isBase64Encoded: boolean;
};

const sendable = (text: string) => text.replace(/[^\t\x20-\x7e]/g, '');
const wellFormed = (text: string) => text.toWellFormed();

fuzz(
  'a request is answered below 500, a refusal with a problem document',
  request,
  async (asked) => {
    const { statusCode, headers, body } = await call(eventFor(asked));
    expect(statusCode).toBeLessThan(500);
    expect(statusCode).toBeGreaterThanOrEqual(200);
    if (statusCode >= 400 && !String(headers['content-type']).startsWith('text/html'))
      expect(problemSchema.safeParse(asked.method === 'HEAD' ? {} : JSON.parse(body)).error?.issues)
        // Nothing has a body in an answer to HEAD.
        .toEqual(asked.method === 'HEAD' ? expect.anything() : undefined);
    expect(body).not.toContain(bearer);
    expect(body).not.toMatch(/\n\s+at .*:\d+/);
  },
  { deadlineMs: 10_000 },
);

async function call(event: unknown): Promise<z.infer<typeof resultSchema>> {
  const answer = await (api as (event: unknown, context: unknown) => Promise<FunctionUrlResult>)(
    event,
    contextOf('a'),
  );
  return resultSchema.parse({ body: '', headers: {}, ...answer });
}

const pageEvent = nearly({
  source: constantFrom('muster', 'aws.s3'),
  'detail-type': constantFrom('MCPServer Sweep Page', 'MCPServer State Changed'),
  detail: nearly({
    tick: oneof(
      constantFrom(
        '2020-01-01T00:00:00Z',
        '2099-01-01T00:00:00Z',
        '9999-12-31T23:59:59Z',
        '0000-01-01T00:00:00Z',
      ),
      oddText,
    ),
    began: oneof(constantFrom('2020-01-01T00:00:00Z', '2099-01-01T00:00:00Z'), oddText),
    hop: constantFrom(0, 1, 2, -1, 1.5, 1e9, Number.MAX_SAFE_INTEGER),
    continue: oneof(constantFrom('', 'x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ'), oddText),
    pages: constantFrom(0, 1, -1, 1e9),
    everything: constantFrom(true, false),
  }),
});
const tickEvent = nearly({
  kind: constantFrom('tick', 'tock'),
  at: oneof(constantFrom('2099-01-01T00:00:00Z', '2020-01-01T00:00:00Z'), oddText),
  everything: constantFrom(true, false),
});

fuzz(
  'an event of the bus is a sweep, is dropped, or is refused by name',
  oneof({ weight: 5, arbitrary: pageEvent }, tickEvent, oddAnything),
  async (event) => {
    try {
      expect((await sweep(event)).message).toBe('sweep');
    } catch (error) {
      // Not an event of ours, or a continue token that the cluster never gave.
      expect(error instanceof z.core.$ZodError || error instanceof ClusterError).toBe(true);
    }
  },
  { share: 0.3, deadlineMs: 20_000 },
);
