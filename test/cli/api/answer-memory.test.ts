import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { answerMemory } from '../../../cli/api/answer-memory.ts';
import { type Connection, listServers, type Servers } from '../../../cli/api/mcpservers.ts';
import { listen } from '../../../local/listen.ts';
import { aRow, seed } from '../rows.ts';
import { taggedAnswer } from '../tagged-answer.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => void (await Promise.all(open.splice(0).map((close) => close()))));

/** An endpoint, and what it was asked: `If-None-Match` and the status of its answer. */
async function anEndpoint(answer: RequestListener) {
  const asked: (readonly [IncomingHttpHeaders['if-none-match'], number])[] = [];
  const { url, close } = await listen(
    createServer((request, response) => {
      response.on('finish', () => {
        asked.push([request.headers['if-none-match'], response.statusCode]);
      });
      answer(request, response);
    }),
  );
  open.push(close);
  return { url, asked };
}

/** Asks again and again, as `muster list --watch` does. */
function asker() {
  const memory = answerMemory<Servers>();
  return (connection: Connection, namespace?: string) =>
    listServers(connection, { namespace, withConditions: false, memory });
}

const aList = (rows = seed) => ({ items: rows, problems: [] });
const aTag = expect.stringMatching(/^".+"$/);

test('who asks the same again gets the list that did not change, and the one that did', async () => {
  let list = aList();
  const { url, asked } = await anEndpoint((...sent) => taggedAnswer(...sent, list));
  const ask = asker();
  const first = await ask({ endpoint: url });
  expect(await ask({ endpoint: url })).toBe(first);
  list = aList([aRow({ state: 'Failed' })]);
  const second = await ask({ endpoint: url });
  expect(second.rows).toEqual(list.items);
  expect(await ask({ endpoint: url })).toBe(second);
  expect(asked).toEqual([
    [undefined, 200],
    [aTag, 304],
    [aTag, 200],
    [aTag, 304],
  ]);
});

test.each<[string, Connection['bearer'], string | undefined]>([
  ['another person', 'token of bob', undefined],
  ['nobody', undefined, undefined],
  ['the same person in another namespace', 'token of ada', 'team-a'],
])('%s is asked about without the answer that was shown before', async (_, bearer, namespace) => {
  const { url, asked } = await anEndpoint((...sent) => taggedAnswer(...sent, aList()));
  const ask = asker();
  const first = await ask({ endpoint: url, bearer: 'token of ada' });
  const other = await ask(
    bearer === undefined ? { endpoint: url } : { endpoint: url, bearer },
    namespace,
  );
  expect(other).not.toBe(first);
  expect(asked).toEqual([
    [undefined, 200],
    [undefined, 200],
  ]);
});

test('a token that is renewed half-way brings a whole list', async () => {
  let valid = 'old';
  const { url, asked } = await anEndpoint((request, response) => {
    if (request.headers.authorization === `Bearer ${valid}`)
      taggedAnswer(request, response, aList());
    else response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('{}');
  });
  let current = 'old';
  const renewal = {
    current: () => current,
    renew: () => Promise.resolve((current = 'new') === 'new'),
  };
  const ask = asker();
  await ask({ endpoint: url, bearer: 'old', renewal });
  valid = 'new';
  expect((await ask({ endpoint: url, bearer: 'old', renewal })).rows).toEqual(seed);
  expect(asked).toEqual([
    [undefined, 200],
    [aTag, 401],
    [undefined, 200],
  ]);
});

test.each<[string, RequestListener]>([
  ['has no tags', (_, response) => void response.end(JSON.stringify(aList()))],
  [
    'has a tag that no header should hold',
    (_, response) =>
      void response.setHeader('etag', `"${'x'.repeat(5_000)}"`).end(JSON.stringify(aList())),
  ],
  [
    'needs several answers',
    (request, response) =>
      taggedAnswer(request, response, {
        ...aList([aRow({ name: request.url?.includes('continue') === true ? 'b' : 'a' })]),
        ...(request.url?.includes('continue') === true ? {} : { continue: 'b' }),
      }),
  ],
])('an endpoint that %s is asked for everything each time', async (_, answer) => {
  const { url, asked } = await anEndpoint(answer);
  const ask = asker();
  const first = await ask({ endpoint: url });
  const second = await ask({ endpoint: url });
  expect(second).toEqual(first);
  expect(second).not.toBe(first);
  expect(new Set(asked.map(([tag]) => tag))).toEqual(new Set([undefined]));
});

test('a list that has grown beyond one answer is no longer the one that was known', async () => {
  let isLong = false;
  const { url, asked } = await anEndpoint((request, response) =>
    taggedAnswer(request, response, {
      ...aList(),
      ...(isLong && request.url?.includes('continue') !== true ? { continue: 'b' } : {}),
    }),
  );
  const ask = asker();
  await ask({ endpoint: url });
  isLong = true;
  await ask({ endpoint: url });
  await ask({ endpoint: url });
  expect(asked).toEqual([
    [undefined, 200],
    [aTag, 200],
    [undefined, 200],
    [undefined, 200],
    [undefined, 200],
  ]);
});

test('"not modified" is an error for who has asked for everything', async () => {
  const { url } = await anEndpoint((_, response) => void response.writeHead(304).end());
  await expect(asker()({ endpoint: url })).rejects.toMatchObject({
    message: `${url} responded "not modified" (HTTP 304) to a request for everything.`,
    hint: `Try again. If it fails again, check whether a cache between here and ${new URL(url).host} responds in its place.`,
  });
});
