/** What one request for the list costs others, in the world of `npm start`. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { listSchema } from '../../functions/model/wire/server-wire.ts';
import { tokenOf } from '../../local/demo-person.ts';
import { ada } from '../../local/issuer.ts';
import { startWorld, type World } from '../../local/world.ts';

let world: World;
let folder: string;
let authorization: string;
/** Requests to the cluster and to the table, by what they ask for. */
let sent: string[];
const requestSchema = z.object({
  request: z.object({ path: z.string() }),
});
const count = (message: unknown): void => {
  const { request } = requestSchema.parse(message);
  const [path = ''] = request.path.split('?');
  if (path === '/') sent.push('table');
  else if (path.endsWith('/mcpservers')) sent.push('list');
  else if (path.includes('/leases/')) sent.push('lease');
};
beforeAll(async () => {
  sent = [];
  [world, folder] = await Promise.all([
    // However slow this machine is, the requests of a test come within that time.
    startWorld({ settings: { LIST_SHARED_SECONDS: '600' } }),
    mkdtemp(join(tmpdir(), 'muster-home-')),
  ]);
  await world.sweep({ everything: true });
  authorization = `Bearer ${await tokenOf(ada, { endpoint: world.url, folder })}`;
  subscribe('http.client.request.start', count);
});
afterAll(async () => {
  unsubscribe('http.client.request.start', count);
  await Promise.all([world.close(), rm(folder, { recursive: true })]);
});
beforeEach(() => {
  sent = [];
});

const list = async (headers: Readonly<Record<string, string>> = {}, query = '') => {
  const response = await fetch(`${world.url}/v1/mcpservers${query}`, {
    headers: { authorization, ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

test('a list is one read of the table, one list of the cluster and one Lease; the next one only reads the table', async () => {
  const first = await list();
  expect(listSchema.parse(JSON.parse(first.text)).me?.subject).toBe('ada');
  expect(sent.toSorted()).toEqual(['lease', 'list', 'table']);
  sent = [];
  await list();
  expect(sent).toEqual(['table']);
});

test('twenty lists at the same time share what the cluster says, and each reads the table', async () => {
  const texts = await Promise.all(
    Array.from({ length: 20 }, async () => (await list({}, '?limit=7')).text),
  );
  expect(new Set(texts).size).toBe(1);
  expect(sent.filter((what) => what === 'list')).toHaveLength(1);
  expect(sent.filter((what) => what === 'table')).toHaveLength(20);
});

test('compressed or not, and with 304, it is the same list', async () => {
  const raw = await list({ 'accept-encoding': 'identity' });
  const small = await list({ 'accept-encoding': 'gzip' });
  expect([raw, small].map(({ headers }) => headers.get('content-encoding'))).toEqual([
    null,
    'gzip',
  ]);
  expect(small.text).toBe(raw.text);
  const etag = small.headers.get('etag') ?? '';
  const same = await list({ 'accept-encoding': 'gzip', 'if-none-match': etag });
  expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', etag]);
});
