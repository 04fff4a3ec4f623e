/** The last changes of a server over HTTP: who sees what. */
import { expect, test } from 'vitest';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { changesSchema } from '../../../functions/model/wire/server-wire.ts';
import { composeApi } from '../../../functions/routes/compose.ts';
import type { ServerPorts } from '../../../functions/routes/server-routes.ts';
import { TableUnavailable } from '../../../functions/model/table-unavailable.ts';
import { defined } from '../../../functions/model/defined.ts';
import { aCaller } from '../../world/person.ts';
import { aServer } from '../../world/server.ts';

const at = new Date('2026-11-26T12:00:00Z');
const change = {
  at,
  from: 'Connecting',
  to: 'Failed',
  reason: 'ConnectionRefused',
  message: 'Connection refused by 10.0.0.1.',
};

type World = {
  readonly anonymousList?: boolean;
  readonly maySee?: ServerPorts['maySee'];
  readonly isTableDown?: boolean;
};

function endpoint({ anonymousList = false, maySee, isTableDown = false }: World = {}) {
  const notHere = async () => Promise.reject(new Error('not here'));
  const api = composeApi({
    facts: {
      publicUrl: 'https://muster.example.com',
      issuer: 'https://login.example.com',
      clientId: 'c',
      scopes: [],
      audienceScopes: async () => [],
    },
    verify: async () => ({ kind: 'valid', caller: aCaller() }),
    log: () => {},
    servers: {
      ...defined({ maySee }),
      now: () => at,
      listPage: notHere,
      readServer: async (_namespace, name) => (name === 'server-a' ? aServer() : undefined),
      sessionsOf: notHere,
      check: notHere,
      checkSignIn: notHere,
      heartbeatMs: 300_000,
      anonymousList,
      takeLimit: async () => ({ kind: 'allowed' }),
      continueTokens: { seal: notHere, open: notHere },
    },
    changesOf: async ({ uid }) => {
      if (isTableDown) throw new TableUnavailable(new Error('not there'));
      return uid === aServer().uid ? [change, { at, to: 'Connected', reason: 'Responded' }] : [];
    },
  });
  return (token: boolean, name = 'server-a') =>
    api.request(
      `/v1/mcpservers/default/${name}/events`,
      token ? { headers: { authorization: 'Bearer x' } } : {},
    );
}

test('a person sees the changes of a server, newest first', async () => {
  const answer = await endpoint()(true);
  expect(answer.status).toBe(200);
  expect(changesSchema.parse(await answer.json())).toEqual({
    items: [
      { ...change, at: '2026-11-26T12:00:00.000Z' },
      { at: '2026-11-26T12:00:00.000Z', to: 'Connected', reason: 'Responded' },
    ],
  });
});

test('without a token it is a 401, unless the list needs none: then without error texts', async () => {
  expect((await endpoint()(false)).status).toBe(401);
  const answer = await endpoint({ anonymousList: true })(false);
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(text).not.toContain('refused by');
  expect(changesSchema.parse(JSON.parse(text)).items).toHaveLength(2);
});

test('requests without a token are limited in each process', async () => {
  const ask = endpoint({ anonymousList: true });
  for (let count = 0; count < 300; count += 1) expect((await ask(false)).status).toBe(200);
  const answer = await ask(false);
  expect(answer.status).toBe(429);
  expect(problemSchema.parse(await answer.json()).title).toBe('Too many requests without a token');
  expect((await ask(true)).status).toBe(200);
});

test('a server that is not there, or that the person may not see, is a 404', async () => {
  expect((await endpoint()(true, 'none')).status).toBe(404);
  const closed = endpoint({ maySee: async () => ({ kind: 'known', allowed: false }) });
  expect((await closed(true)).status).toBe(404);
});

test('a table that does not answer is a 503 that says when to try again', async () => {
  const answer = await endpoint({ isTableDown: true })(true);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
});
