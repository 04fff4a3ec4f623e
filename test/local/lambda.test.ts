import { createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { listen } from '../../local/listen.ts';
import {
  type FunctionUrlEvent,
  type FunctionUrlHandler,
  startFunctionUrl,
} from '../../local/lambda.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

async function hosted(handler: FunctionUrlHandler): Promise<string> {
  const { url, close } = await startFunctionUrl({ handler });
  open.push(close);
  return url;
}

/** Hosts a handler that keeps the event it got. */
async function eventOf(path: string, init?: RequestInit): Promise<FunctionUrlEvent> {
  const seen: FunctionUrlEvent[] = [];
  const url = await hosted(async (event) => {
    seen.push(event);
    return { statusCode: 204 };
  });
  await fetch(`${url}${path}`, init);
  const [event] = seen;
  if (event === undefined) throw new Error('The handler was not called.');
  return event;
}

test('a request arrives as an event of payload format 2.0', async () => {
  const event = await eventOf('/v1/a%20b?x=1&x=2&y=%C3%A9', {
    headers: { 'X-Odd': 'Yes', cookie: 'a=1; b=2' },
  });
  expect(event).toMatchObject({
    version: '2.0',
    rawPath: '/v1/a%20b',
    rawQueryString: 'x=1&x=2&y=%C3%A9',
    queryStringParameters: { x: '1,2', y: 'é' },
    cookies: ['a=1', 'b=2'],
    requestContext: { http: { method: 'GET', path: '/v1/a%20b' } },
    isBase64Encoded: false,
  });
  expect(event.headers['x-odd']).toBe('Yes');
  expect(event.headers).not.toHaveProperty('cookie');
  expect(event.body).toBeNull();
});

test('JSON arrives as text, anything else in base64', async () => {
  const json = await eventOf('/', {
    method: 'POST',
    body: '{"é":1}',
    headers: { 'content-type': 'application/json' },
  });
  expect(json).toMatchObject({ body: '{"é":1}', isBase64Encoded: false });
  const form = await eventOf('/', { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
  expect(form).toMatchObject({
    body: Buffer.from('a=b').toString('base64'),
    isBase64Encoded: true,
  });
});

test('the answer leaves with its status, headers, cookies and bytes', async () => {
  const bytes = Buffer.from([0, 255, 128]);
  const url = await hosted(async () => ({
    statusCode: 201,
    headers: { 'content-type': 'application/octet-stream', 'x-count': 7 },
    cookies: ['a=1; HttpOnly', 'b=2'],
    body: bytes.toString('base64'),
    isBase64Encoded: true,
  }));
  const response = await fetch(url);
  expect(response.status).toBe(201);
  expect(response.headers.get('x-count')).toBe('7');
  expect(response.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2']);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
});

test('a handler that throws is a 502 without its words', async () => {
  const url = await hosted(() => Promise.reject(new Error('secret')));
  const response = await fetch(url);
  expect(response.status).toBe(502);
  expect(await response.text()).not.toContain('secret');
});

test('a port in use is one clear line', async () => {
  const { port, close } = await listen(createServer());
  open.push(close);
  await expect(startFunctionUrl({ handler: async () => '', port })).rejects.toThrow(
    `Port ${String(port)} on 127.0.0.1 is in use. Stop the process that uses it, or choose another port with --port.`,
  );
});

test('close ends at once, though a connection is open', async () => {
  const { url, close } = await startFunctionUrl({ handler: async () => '{}' });
  await (await fetch(url)).text();
  const started = Date.now();
  await close();
  expect(Date.now() - started).toBeLessThan(500);
});
