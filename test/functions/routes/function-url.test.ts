import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { functionUrlHandler } from '../../../functions/routes/function-url.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { contextOf, eventOf } from '../../../local/lambda.ts';

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
