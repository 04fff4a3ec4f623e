import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { LambdaContext, LambdaEvent } from 'hono/aws-lambda';
import type { FileServer } from './site-files.ts';
import { type Listening, listenLocally } from './listen.ts';
import { defined } from '../functions/model/defined.ts';
import { renamedChallenge } from '../functions/model/renamed-challenge.ts';

/** Payload format 2.0. */
export type FunctionUrlEvent = Extract<LambdaEvent, { rawPath: string }>;

export type FunctionUrlResult = {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
};

/** A handler behind a Function URL. */
export type FunctionUrlHandler = (
  event: FunctionUrlEvent,
  context: LambdaContext,
) => Promise<FunctionUrlResult | string>;

/**
 * Serves a handler on loopback as Lambda serves it behind a Function URL (payload format 2.0,
 * buffered answers). Throws `PortInUse` when the port is taken.
 */
export async function startFunctionUrl({
  handler,
  port = 0,
  files = async () => false,
}: {
  readonly handler: FunctionUrlHandler;
  readonly port?: number;
  /** Answers what the function does not, as a CDN before both. */
  readonly files?: FileServer;
}): Promise<Listening> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      if (await files(request, response)) return;
      const {
        statusCode = 200,
        headers = {},
        cookies = [],
        body = '',
        isBase64Encoded = false,
      } = await invoke(handler, request);
      for (const [name, value] of Object.entries(headers))
        response.setHeader(nameOutside(name), [value].flat().map(String));
      if (cookies.length > 0) response.setHeader('set-cookie', [...cookies]);
      response.writeHead(statusCode).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
    };
    answer().catch(
      // Lambda answers so when the handler throws.
      () =>
        response
          .writeHead(502, { 'content-type': 'application/json' })
          .end('{"message":"Internal Server Error"}'),
    );
  });
  return listenLocally(server, port);
}

async function invoke(
  handler: FunctionUrlHandler,
  request: IncomingMessage,
): Promise<FunctionUrlResult> {
  const id = randomUUID();
  const { method = 'GET', url = '/', headers, httpVersion } = request;
  const { host = '127.0.0.1', ...others } = headers;
  const sender = { sourceIp: request.socket.remoteAddress ?? '127.0.0.1', httpVersion };
  const result = await handler(
    eventOf({ method, url, host, headers: others, content: await buffer(request), ...sender, id }),
    contextOf(id),
  );
  // A bare string is an answer with status 200 and JSON as its type.
  return typeof result === 'string'
    ? { headers: { 'content-type': 'application/json' }, body: result }
    : result;
}

/** AWS renames this one, and clients have to know it. */
const nameOutside = (name: string): string =>
  name.toLowerCase() === 'www-authenticate' ? renamedChallenge : name;

const timeoutMs = 20_000; // of the api function

/** The context of one invocation, which may take as long as the api function's. */
export function contextOf(awsRequestId: string): LambdaContext {
  const until = Date.now() + timeoutMs;
  return {
    awsRequestId,
    functionName: 'api',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:local:000000000000:function:api',
    logGroupName: '/aws/lambda/api',
    logStreamName: 'local',
    memoryLimitInMB: '512',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => until - Date.now(),
  };
}

type RequestFacts = {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly host: string;
  readonly headers?: IncomingHttpHeaders;
  readonly content?: Buffer;
  readonly sourceIp?: string;
  readonly httpVersion?: string;
  readonly id?: string;
};

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html, "Request payload format". */
export function eventOf(request: RequestFacts): FunctionUrlEvent {
  const {
    method,
    url,
    host,
    content = Buffer.alloc(0),
    sourceIp = '127.0.0.1',
    httpVersion = '1.1',
    id = randomUUID(),
  } = request;
  const { pathname, search, searchParams } = new URL(`http://127.0.0.1${url}`);
  const { cookie, ...headers } = { host, ...request.headers };
  const isBase64Encoded = !isText(headers['content-type'] ?? '');
  const now = new Date();
  return defined({
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    cookies: cookie?.split('; '),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value ?? []].flat().join(',')]),
    ),
    queryStringParameters: Object.fromEntries(
      [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name).join(',')]),
    ),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      authentication: null,
      authorizer: {},
      domainName: host,
      domainPrefix: 'local',
      http: {
        method,
        path: pathname,
        protocol: `HTTP/${httpVersion}`,
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: id,
      routeKey: '$default',
      stage: '$default',
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    body: content.length === 0 ? null : content.toString(isBase64Encoded ? 'base64' : 'utf8'),
    isBase64Encoded: content.length > 0 && isBase64Encoded,
  });
}

/**
 * The types that a Function URL passes on as text. Everything else, also forms, arrives in base64.
 */
const isText = (contentType: string): boolean =>
  /^(text\/|application\/(json|javascript|xml)|[^;]+\+(json|xml))/i.test(contentType);
