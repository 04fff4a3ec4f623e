/**
 * Everyone who merely saw a person's token: an MCP server that single sign-on forwards it to, or a
 * foreign endpoint that the person was lured to. They can read, and nothing else.
 */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dynamoTable } from '../../../functions/adapters/dynamodb/dynamo-table.ts';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import {
  type SessionStore,
  sessionStore,
} from '../../../functions/adapters/dynamodb/session-store.ts';
import { createApi } from '../../../functions/api.ts';
import { contract, type Route } from '../../../functions/routes/contract.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { listSchema } from '../../../functions/model/wire/server-wire.ts';
import { ada, grace } from '../../../local/issuer.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { bearerFor } from '../../world/bearer.ts';
import { aMachine, type Machine } from '../../world/machine.ts';

let world: World;
let api: ReturnType<typeof createApi>;
let client: DynamoDBClient;
let store: SessionStore;
/** The machines where Ada and Grace signed in, and one of an attacker. */
let adas: Machine;
let graces: Machine;
let attackers: Machine;
/** Ada's token: the attackers have seen it. */
let token: string;

beforeAll(async () => {
  world = await startWorld();
  await world.sweep({ everything: true });
  api = createApi(world.environment);
  const { AWS_ENDPOINT_URL_DYNAMODB: endpoint = '', TABLE_NAME: table = '' } = world.environment;
  client = new DynamoDBClient({ endpoint });
  store = sessionStore({
    table: dynamoTable(DynamoDBDocumentClient.from(client), table),
    sealer: sealer([world.environment['TOKEN_KEYS'] ?? '']),
    now: () => new Date(),
  });
  [adas, graces, attackers] = await Promise.all([aMachine(), aMachine(), aMachine()]);
  token = await bearerFor(world.issuer, ada, adas.thumbprint);
  const ofGrace = await bearerFor(world.issuer, grace, graces.thumbprint);
  for (const { status } of [await enroll(adas, token), await enroll(graces, ofGrace)])
    if (status !== 204) throw new Error(`A key could not be registered: ${String(status)}`);
});
afterAll(async () => {
  client.destroy();
  await world.close();
});

const enroll = async (machine: Machine, idToken: string): Promise<Response> =>
  send(
    { method: 'POST', path: '/v1/me/key' },
    await machine.proof({ method: 'POST', url: `${world.url}/v1/me/key`, token: idToken }),
    idToken,
  );

type Target = { readonly method: string; readonly path: string };

/** With a body that the route understands, so that nothing but the proof is in the way. */
async function send({ method, path }: Target, dpop?: string, bearer = token): Promise<Response> {
  return api.request(path, {
    method,
    headers: { authorization: `Bearer ${bearer}`, ...(dpop !== undefined && { dpop }) },
    ...(method === 'POST' && {
      body: JSON.stringify({
        idToken: bearer,
        secret: 'made-up',
        returnTo: 'http://127.0.0.1:1/done',
      }),
    }),
  });
}

const targetOf = ({ method, path }: Route): Target => ({
  method: method.toUpperCase(),
  path: path
    .replace('{namespace}', 'default')
    .replace('{name}', 'server-a')
    .replace('{thumbprint}', adas.thumbprint),
});

const changing = contract.filter(({ access }) => access === 'proof');
/** Those of the live page sign a person in, or out of this browser: there is no person yet. */
const ofPage = (access: Route['access']): boolean => access === 'page' || access === 'cookie';
const reading = contract.filter(
  ({ access, path }) => access !== 'proof' && !ofPage(access) && path.startsWith('/v1/'),
);

test('every route that changes something asks for a proof; a check only reads', () => {
  const others = contract.filter(
    ({ access, method }) => access !== 'proof' && !ofPage(access) && method !== 'get',
  );
  expect(others.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'post /v1/mcpservers/{namespace}/{name}/check',
  ]);
});

type Attack = (at: {
  readonly method: string;
  readonly url: string;
  readonly token: string;
}) => Promise<string | undefined> | string;

const secondsAgo = (seconds: number): Date => new Date(Date.now() - seconds * 1000);

/** Signs as Ada's machine would, if its key were another one. */
const signedWith = async (
  at: Parameters<Attack>[0],
  header: { readonly alg: string; readonly [name: string]: unknown },
  key: Parameters<SignJWT['sign']>[0],
): Promise<string> =>
  new SignJWT({
    htm: at.method,
    htu: at.url,
    iat: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
    ath: createHash('sha256').update(at.token).digest('base64url'),
  })
    .setProtectedHeader({ typ: 'dpop+jwt', ...header })
    .sign(key);

const publicJwkOf = async (machine: Machine, at: Parameters<Attack>[0]): Promise<object> => {
  const [header = ''] = (await machine.proof(at)).split('.');
  const { jwk }: { jwk: object } = JSON.parse(new TextDecoder().decode(base64url.decode(header)));
  return jwk;
};

const forbidden: Readonly<Record<string, Attack>> = {
  'no proof': () => Promise.resolve(undefined),
  'a proof by a key of their own': (at) => attackers.proof(at),
  'a proof by the registered key of another person': (at) => graces.proof(at),
};

const unauthorized: Readonly<Record<string, Attack>> = {
  "the person's proof for another method": (at) => adas.proof({ ...at, method: 'GET' }),
  "the person's proof for another route": (at) => adas.proof({ ...at, url: `${world.url}/v1/me` }),
  "the person's proof for another server": (at) =>
    adas.proof({ ...at, url: `${world.url}/v1/mcpservers/default/server-b/session` }),
  "the person's proof for their own endpoint": (at) =>
    adas.proof({ ...at, url: at.url.replace(world.url, 'https://foreign.example.com') }),
  "the person's proof for an endpoint on another port": (at) =>
    adas.proof({ ...at, url: at.url.replace(world.url, 'http://127.0.0.1:1') }),
  "the person's proof for an address that only begins like this one": (at) =>
    adas.proof({ ...at, url: at.url.replace(world.url, `${world.url}@foreign.example.com`) }),
  'a proof for no address': (at) => adas.proof({ ...at, url: 'nowhere' }),
  "the person's proof for another token": (at) => adas.proof({ ...at, token: 'another' }),
  'a proof for no token': (at) => adas.proof(at, { claims: { ath: undefined } }),
  'a proof of 61 seconds ago': (at) => adas.proof({ ...at, at: secondsAgo(61) }),
  'a proof made ahead': (at) => adas.proof({ ...at, at: secondsAgo(-62) }),
  'a proof without a time': (at) => adas.proof(at, { claims: { iat: undefined } }),
  'a proof of a time that is no date': (at) => adas.proof(at, { claims: { iat: 9e18 } }),
  'a proof without an id': (at) => adas.proof(at, { claims: { jti: undefined } }),
  'a proof with an empty id': (at) => adas.proof(at, { claims: { jti: '' } }),
  'a proof with an id of 100 KB': (at) => adas.proof(at, { claims: { jti: 'x'.repeat(100_000) } }),
  'a proof that is an ordinary JWT': (at) => adas.proof(at, { header: { typ: 'JWT' } }),
  'a proof with a critical extension': (at) =>
    adas.proof(at, { header: { crit: ['x'], x: true } }).catch(async () => {
      // jose does not sign what it does not know; the header is put in front of a good signature.
      const [, claims, signature] = (await adas.proof(at)).split('.');
      const header = { typ: 'dpop+jwt', alg: 'ES256', crit: ['x'], x: true };
      return [base64url.encode(JSON.stringify(header)), claims, signature].join('.');
    }),
  'the ID token itself as the proof': (at) => at.token,
  'a proof without a signature (alg none)': async (at) => {
    const [, claims] = (await adas.proof(at)).split('.');
    const jwk = await publicJwkOf(adas, at);
    return `${base64url.encode(JSON.stringify({ typ: 'dpop+jwt', alg: 'none', jwk }))}.${claims ?? ''}.`;
  },
  'a proof with a shared secret as its key': async (at) => {
    const secret = new Uint8Array(32).fill(7);
    const jwk = { kty: 'oct', k: base64url.encode(secret) };
    return signedWith(at, { alg: 'HS256', jwk }, secret);
  },
  "a proof whose shared secret is the person's public key": async (at) => {
    const jwk = await publicJwkOf(adas, at);
    return signedWith(at, { alg: 'HS256', jwk }, new TextEncoder().encode(JSON.stringify(jwk)));
  },
  "an attacker's signature beside the person's public key": async (at) => {
    const jwk = await publicJwkOf(adas, at);
    return attackers.proof(at, { header: { jwk } });
  },
  'a proof with a private key in its header': async (at) => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    return signedWith(at, { alg: 'ES256', jwk: await exportJWK(privateKey) }, privateKey);
  },
  'a proof by an RSA key': async (at) => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    return signedWith(at, { alg: 'RS256', jwk: await exportJWK(publicKey) }, privateKey);
  },
  'a proof by a key of another curve': async (at) => {
    const { publicKey, privateKey } = await generateKeyPair('ES384', { extractable: true });
    return signedWith(at, { alg: 'ES384', jwk: await exportJWK(publicKey) }, privateKey);
  },
  'a proof by a point that is not on the curve': async (at) => {
    const jwk = { ...(await publicJwkOf(adas, at)), x: 'A'.repeat(43) };
    return attackers.proof(at, { header: { jwk } });
  },
  'a proof that names its key only by an address': async (at) => {
    const { privateKey } = await generateKeyPair('ES256');
    return signedWith(at, { alg: 'ES256', jku: 'http://127.0.0.1:1/keys', kid: '1' }, privateKey);
  },
  'a proof with a changed signature': async (at) =>
    (await adas.proof(at)).replace(/.{6}$/, 'AAAAAA'),
  'two proofs': async (at) => `${await adas.proof(at)}, ${await adas.proof(at)}`,
  nonsense: () => 'nonsense',
  'an empty proof': () => '',
  'a proof of 60 KB': () => `${'x'.repeat(30_000)}.${'y'.repeat(30_000)}.z`,
};

describe.each(changing.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s',
  (_, route) => {
    const at = () => {
      const target = targetOf(route);
      return { target, method: target.method, url: world.url + target.path, token };
    };

    test.each(Object.entries(forbidden))('with %s is 403', async (_what, attack) => {
      const { target, ...request } = at();
      const answer = await send(target, await attack(request));
      expect(answer.status).toBe(403);
      expect(problemSchema.parse(await answer.json()).hint).toMatch(/sign-in|auth login/);
    });

    test.each(Object.entries(unauthorized))('with %s is 401', async (_what, attack) => {
      const { target, ...request } = at();
      const answer = await send(target, await attack(request));
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('DPoP error="invalid_dpop_proof"');
      expect(problemSchema.parse(await answer.json()).title).toBe('Invalid proof of possession');
    });

    test('with no token is 401, whatever the proof is', async () => {
      const { target, ...request } = at();
      const dpop = await adas.proof(request);
      const { status } = await api.request(target.path, {
        method: target.method,
        headers: { dpop },
      });
      expect(status).toBe(401);
    });

    test('is not fooled by the Host of the request', async () => {
      const { target, ...request } = at();
      const foreign = `https://foreign.example.com${target.path}`;
      const dpop = await adas.proof({ ...request, url: foreign });
      const answer = await api.request(foreign, {
        method: target.method,
        headers: { authorization: `Bearer ${token}`, dpop, host: 'foreign.example.com' },
      });
      expect(answer.status).toBe(401);
    });
  },
);

describe('after all that', () => {
  test('the person has every key and every session as before', async () => {
    const person = { issuer: world.issuer.url, subject: ada.subject };
    expect((await store.listKeys(person)).map(({ thumbprint }) => thumbprint)).toEqual([
      adas.thumbprint,
    ]);
  });
});

describe('a person at their own machine', () => {
  let uid: string;
  const person = () => ({ issuer: world.issuer.url, subject: ada.subject });
  beforeEach(async () => {
    const { items } = listSchema.parse(
      await (await send({ method: 'GET', path: '/v1/mcpservers' })).json(),
    );
    uid = items.find(({ name }) => name === 'server-a')?.uid ?? '';
    await store.putGrant(
      {
        person: person(),
        serverUid: uid,
        serverName: 'default/server-a',
        serverUrl: 'https://mcp.example.com/mcp',
        headersDigest: '',
        issuer: 'https://issuer.example.com',
        clientId: 'muster',
        resource: 'https://mcp.example.com/mcp',
        scopes: [],
        kind: 'signIn',
        obtainedAt: new Date(),
        refreshable: false,
      },
      undefined,
    );
  });
  const session = { method: 'DELETE', path: '/v1/mcpservers/default/server-a/session' };
  const has = async () => (await store.listGrants(person(), uid)).length === 1;
  const proof = () => adas.proof({ method: session.method, url: world.url + session.path, token });

  test('a forwarded-to server cannot sign its visitor out of another server; the visitor can', async () => {
    expect((await send(session)).status).toBe(403);
    expect(
      (
        await send(
          session,
          await attackers.proof({ ...session, url: world.url + session.path, token }),
        )
      ).status,
    ).toBe(403);
    expect((await send({ method: 'DELETE', path: '/v1/sessions' })).status).toBe(403);
    expect(await has()).toBe(true);
    expect((await send(session, await proof())).status).toBe(200);
    expect(await has()).toBe(false);
  });

  test('a proof that somebody caught works once, also for ten at the same time', async () => {
    const caught = await proof();
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(session, caught)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(9);
  });

  test('a query or a fragment in the address of a proof does not matter', async () => {
    const url = `${world.url}${session.path}?a=b#c`;
    expect((await send(session, await adas.proof({ ...session, url, token }))).status).toBe(200);
  });

  test.each([-55, 55])('a clock that is %i seconds off is tolerated', async (seconds) => {
    const at = secondsAgo(seconds);
    const dpop = await adas.proof({ ...session, url: world.url + session.path, token, at });
    expect((await send(session, dpop)).status).toBe(200);
  });

  test('a refreshed token works with the key of the sign-in', async () => {
    // Issuers may leave the nonce out of it (OpenID Connect Core 1.0, section 12.2).
    const refreshed = await bearerFor(world.issuer, ada);
    const dpop = await adas.proof({ ...session, url: world.url + session.path, token: refreshed });
    expect((await send(session, dpop, refreshed)).status).toBe(200);
  });

  test('a key that was removed does nothing any more', async () => {
    const second = await aMachine();
    const bearer = await bearerFor(world.issuer, ada, second.thumbprint);
    expect((await enroll(second, bearer)).status).toBe(204);
    const key = { method: 'DELETE', path: `/v1/me/keys/${second.thumbprint}` };
    const removed = await send(key, await adas.proof({ ...key, url: world.url + key.path, token }));
    expect(removed.status).toBe(204);
    const dpop = await second.proof({ ...session, url: world.url + session.path, token: bearer });
    const answer = await send(session, dpop, bearer);
    expect(answer.status).toBe(403);
    expect(problemSchema.parse(await answer.json())).toMatchObject({
      title: 'The key of this machine is not registered',
      hint: 'Run: muster auth login',
    });
  });
});

test('the local world releases tokens; without a session the answer is what SESSION shows', async () => {
  const target = { method: 'POST', path: '/v1/mcpservers/default/server-b/session/token' };
  const answer = await send(
    target,
    await adas.proof({ ...target, url: world.url + target.path, token }),
  );
  expect(answer.status).toBe(409);
  expect(problemSchema.parse(await answer.json())).toMatchObject({
    title: 'You are not signed in to default/server-b (Pending Auth)',
    hint: 'Run: muster auth login --server default/server-b',
  });
});

test('the hint about a wrong address names the right one', async () => {
  const target = { method: 'DELETE', path: '/v1/sessions' };
  const url = 'http://localhost:8787/v1/sessions';
  const answer = await send(target, await adas.proof({ ...target, url, token }));
  expect(problemSchema.parse(await answer.json())).toMatchObject({
    detail: `The proof is for another address. The address of this endpoint is ${world.url}.`,
    hint: `Set MUSTER_ENDPOINT to ${world.url}, then run: muster auth login`,
  });
});

test.each(reading.map((route) => [`${route.method} ${route.path}`, route] as const))(
  'a token alone may %s',
  async (_, route) => {
    const answer = await send(targetOf(route));
    // The callback is for a browser with a state, and says so.
    expect([200, ...(route.path.includes('callback') ? [400] : [])]).toContain(answer.status);
  },
);

test('random proofs are a 401 and never an error of ours', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const odd: readonly unknown[] = [
    null,
    0,
    -1,
    '',
    'é',
    [],
    {},
    { a: [] },
    true,
    1e308,
    'x'.repeat(300),
  ];
  for (const value of odd)
    for (const name of [
      'htm',
      'htu',
      'iat',
      'jti',
      'ath',
      'exp',
      'nbf',
      'typ',
      'alg',
      'jwk',
      'crit',
      'b64',
    ]) {
      const claims = { htm: 'DELETE', htu: `${world.url}/v1/sessions`, iat: 1, jti: 'x', ath: 'x' };
      const parts = [
        { typ: 'dpop+jwt', alg: 'ES256', jwk, [name]: value },
        { ...claims, [name]: value },
      ].map((part) => base64url.encode(JSON.stringify(part)));
      const signature = sign('sha256', Buffer.from(parts.join('.')), {
        key: privateKey,
        dsaEncoding: 'ieee-p1363',
      });
      const dpop = [...parts, signature.toString('base64url')].join('.');
      expect((await send({ method: 'DELETE', path: '/v1/sessions' }, dpop)).status).toBe(401);
    }
});
