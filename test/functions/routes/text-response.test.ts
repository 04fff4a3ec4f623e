import { expect, test } from 'vitest';
import { textResponse } from '../../../functions/routes/text-response.ts';

const text = '{"name":"é"}';
const make = () => textResponse(text, { status: 201, headers: { etag: '"one"' } });

test('has its status, its headers and its text, as often as it is read', async () => {
  const response = make();
  response.headers.set('vary', 'authorization');
  expect(response.status).toBe(201);
  expect([...response.headers]).toEqual([
    ['etag', '"one"'],
    ['vary', 'authorization'],
  ]);
  expect([await response.text(), await response.text()]).toEqual([text, text]);
});

test('is read as any other response', async () => {
  const bytes = new TextEncoder().encode(text);
  expect(await make().json()).toEqual({ name: 'é' });
  expect(await make().bytes()).toEqual(bytes);
  expect(new Uint8Array(await make().arrayBuffer())).toEqual(bytes);
  expect(await (await make().blob()).text()).toBe(text);
});

test('of a copy and of its body another response can be made', async () => {
  const copy = make().clone();
  expect([copy.status, copy.headers.get('etag'), await copy.text()]).toEqual([201, '"one"', text]);
  const { body, status, headers } = make();
  expect(await new Response(body, { status, headers }).text()).toBe(text);
});
