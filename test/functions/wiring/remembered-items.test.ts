import { expect, test } from 'vitest';
import { rememberedItems } from '../../../functions/wiring/remembered-items.ts';

const anObject = (facts: object = {}, spec: object = {}) => ({
  metadata: {
    namespace: 'default',
    name: 'server-a',
    uid: 'uid-a',
    generation: 1,
    resourceVersion: '7',
    ...facts,
  },
  spec: { type: 'streamable-http', url: 'https://mcp.example.com/mcp', ...spec },
});
const serverIn = (item: ReturnType<ReturnType<typeof rememberedItems>>) =>
  item.kind === 'server' ? item.server : undefined;

test('an object that has not changed is the same server, and one that has is read again', () => {
  const read = rememberedItems(1_000_000);
  const first = serverIn(read(anObject()));
  expect(first).toMatchObject({ name: 'server-a', resourceVersion: '7' });
  expect(serverIn(read(anObject()))).toBe(first);
  const changed = serverIn(read(anObject({ resourceVersion: '8' }, { description: 'new' })));
  expect(changed).toMatchObject({ resourceVersion: '8', description: 'new' });
  expect(serverIn(read(anObject()))).toMatchObject({ resourceVersion: '7' });
});

test('two objects with one resourceVersion are two servers', () => {
  const read = rememberedItems(1_000_000);
  expect(serverIn(read(anObject()))?.name).toBe('server-a');
  expect(serverIn(read(anObject({ uid: 'uid-b', name: 'server-b' })))?.name).toBe('server-b');
});

test('what is no MCPServer is read each time, and never throws', () => {
  const read = rememberedItems(1_000_000);
  for (const object of [undefined, null, 7, [], {}, { metadata: 7 }, anObject({ uid: 7 })])
    expect(read(object).kind).toBe('malformed');
  const odd = { ...anObject(), spec: { type: 'odd' } };
  expect(read(odd)).not.toBe(read(odd));
});

test('the servers that were read last are kept, up to the bound', () => {
  // Each is a little more than a thousand characters.
  const read = rememberedItems(2_500);
  const server = (uid: string) => serverIn(read(anObject({ uid })));
  const [a, b] = [server('a'), server('b')];
  expect(server('a')).toBe(a);
  server('c');
  expect(server('a')).toBe(a);
  expect(server('b')).not.toBe(b);
});
