import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { functionUrlHandler } from '../../../functions/routes/function-url.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { contextOf, eventOf, type FunctionUrlEvent } from '../../../local/lambda.ts';

const api = new Hono().all('/v1/me', async (context) =>
  context.json({ method: context.req.method, body: await context.req.text() }),
);
const ask = (method: string) =>
  functionUrlHandler(api)(
    eventOf({ method, url: '/v1/me', host: 'muster.example.com', content: Buffer.from('{}') }),
    contextOf('a'),
  );

test('a GET with a body is answered as one without', async () => {
  const { statusCode, body } = await ask('GET');
  expect([statusCode, JSON.parse(body)]).toEqual([200, { method: 'GET', body: '' }]);
});

test('a POST keeps its body', async () => {
  expect(JSON.parse((await ask('POST')).body)).toEqual({ method: 'POST', body: '{}' });
});

test.each(['TRACE', 'CONNECT', 'track', 'G E T', '', 'GET\n'])(
  'the method %j is a 405 with a problem document',
  async (method) => {
    const { statusCode, body } = await ask(method);
    expect([statusCode, problemSchema.parse(JSON.parse(body)).status]).toEqual([405, 405]);
  },
);

/**
 * The event of an HTTP API for the same request. API Gateway Developer Guide, "AWS Lambda proxy
 * integrations for HTTP APIs", payload format 2.0; it decodes the path.
 */
function gatewayEvent(facts: Parameters<typeof eventOf>[0]): FunctionUrlEvent {
  const host = 'abc123.execute-api.eu-central-2.amazonaws.com';
  const { requestContext, ...event } = eventOf({ ...facts, host });
  const { authentication: _none, authorizer: _nobody, ...context } = requestContext;
  return {
    ...event,
    rawPath: decodeURIComponent(event.rawPath),
    requestContext: { ...context, authentication: null, authorizer: {}, domainPrefix: 'abc123' },
  };
}

describe.each([
  ['a Function URL', eventOf],
  ['API Gateway', gatewayEvent],
])('behind %s', (_front, eventFor) => {
  const routes = new Hono().all('*', async (context) => {
    context.header('set-cookie', 'a=1; Path=/', { append: true });
    context.header('set-cookie', 'b=2; Path=/', { append: true });
    const { url, method } = context.req;
    const { pathname, search } = new URL(url);
    return context.json({
      method,
      pathname,
      search,
      body: await context.req.text(),
      cookie: context.req.header('cookie'),
      accept: context.req.header('accept'),
      authorization: context.req.header('authorization'),
      proof: context.req.header('dpop'),
    });
  });
  const send = async (facts: Partial<Parameters<typeof eventOf>[0]>) => {
    const event = eventFor({ method: 'GET', url: '/v1/me', host: 'example.com', ...facts });
    const answer = await functionUrlHandler(routes)(event, contextOf('a'));
    return { ...answer, seen: JSON.parse(answer.body) };
  };

  test('headers, also repeated ones, cookies and the query arrive', async () => {
    const { seen } = await send({
      url: '/v1/mcpservers?namespace=a&labelSelector=x%3Dy%26z&limit=2',
      headers: {
        accept: 'text/html, application/json',
        authorization: 'Bearer token',
        dpop: 'proof',
        cookie: 'one=1; two=2',
      },
    });
    expect(seen).toMatchObject({
      pathname: '/v1/mcpservers',
      search: '?namespace=a&labelSelector=x%3Dy%26z&limit=2',
      cookie: 'one=1; two=2',
      accept: 'text/html, application/json',
      authorization: 'Bearer token',
      proof: 'proof',
    });
  });

  test.each([
    ['application/json', '{"signIn":true}'],
    ['application/x-www-form-urlencoded', 'code=%C3%A4&state=b'],
  ])('a body of %s arrives, in base64 or not', async (type, body) => {
    const { seen } = await send({
      method: 'POST',
      headers: { 'content-type': type },
      content: Buffer.from(body),
    });
    expect(seen).toMatchObject({ method: 'POST', body });
  });

  test('each cookie of an answer is one of its own', async () => {
    expect((await send({})).cookies).toEqual(['a=1; Path=/', 'b=2; Path=/']);
  });

  test.each([
    '/v1/mcpservers/tools/a%23b',
    '/v1/mcpservers/tools/a%3Fadmin=true',
    '/v1/mcpservers/tools/a%20b',
    '/v1/mcpservers/tools/%C3%A4',
    '/v1/mcpservers/tools/%25',
  ])('%s stays one path, with the query behind it', async (path) => {
    const { seen } = await send({ url: `${path}?limit=2` });
    expect(seen).toMatchObject({ pathname: path, search: '?limit=2' });
  });
});

test('half a character in a decoded path is no failure', async () => {
  const event = gatewayEvent({ method: 'GET', url: '/v1/me', host: 'example.com' });
  const { statusCode } = await functionUrlHandler(api)(
    { ...event, rawPath: '/v1/\ud800' },
    contextOf('a'),
  );
  expect(statusCode).toBe(404);
});
