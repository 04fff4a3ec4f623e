/** The live page from its sign-in to a session, in the local world, without a browser. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { liveSignedInSchema } from '../functions/model/wire/live-wire.ts';
import { problemSchema } from '../functions/model/wire/endpoint-wire.ts';
import { explainedRowSchema, rowSchema } from '../functions/model/wire/server-wire.ts';
import { sessionAnswerSchema, signInStartedSchema } from '../functions/model/wire/session-wire.ts';
import { ada, grace, type Persona } from '../local/issuer.ts';
import { startWorld, type World } from '../local/world.ts';
import { browserOf } from './world/browser.ts';
import { livePage } from './world/live-page.ts';

let folder: string;
let world: World;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-live-'));
  await writeFile(join(folder, 'index.html'), '<title>The site</title>');
  await mkdir(join(folder, 'live'));
  await writeFile(join(folder, 'live/index.html'), '<title>The live page</title>');
  world = await startWorld({ site: pathToFileURL(`${folder}/`) });
  await world.sweep({ everything: true });
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});

const server = '/v1/mcpservers/default/server-a';

/** A page where this person signed in and registered the key of the page. */
async function signedIn(persona: Persona) {
  const page = await livePage((path, init) => fetch(world.url + path, init));
  const answer = await page.signIn(persona);
  const { token, idToken } = liveSignedInSchema.parse(await answer.json());
  const ask = async (method: string, path: string, body?: object) => {
    const url = world.url + path;
    const dpop = await page.machine.proof({ method, url, token });
    const headers = { authorization: `Bearer ${token}`, dpop };
    return fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  };
  expect((await ask('POST', '/v1/me/key', { idToken })).status).toBe(204);
  return { page, ask };
}

/** Starts a sign-in to the server that comes back to the page, and goes through it in a browser. */
async function secretFor({ ask }: Awaited<ReturnType<typeof signedIn>>, persona: Persona) {
  const started = await ask('POST', `${server}/session`, { returnTo: `${world.url}/live/` });
  expect(started.status).toBe(200);
  const { authorizationUrl } = signInStartedSchema.parse(await started.json());
  const { url } = await browserOf(persona).visit(authorizationUrl, {
    stopAt: ({ pathname }) => pathname === '/live/',
  });
  expect(url.origin).toBe(world.url);
  return url.searchParams.get('secret') ?? '';
}

test('a person signs in on the live page, then to a server: SESSION changes, STATE does not', async () => {
  const adas = await signedIn(ada);
  const row = async () => rowSchema.parse(await (await adas.ask('GET', server)).json());
  const before = await row();
  expect(before).toMatchObject({ state: 'Connected', session: { status: 'Pending Auth' } });

  const secret = await secretFor(adas, ada);
  const completed = await adas.ask('POST', `${server}/session/complete`, { secret });
  expect(completed.status).toBe(200);
  expect(sessionAnswerSchema.parse(await completed.json()).session.status).toBe('Authenticated');
  const after = await row();
  expect(after.session?.status).toBe('Authenticated');
  expect({ ...after, session: undefined }).toEqual({ ...before, session: undefined });

  const ended = await adas.ask('DELETE', `${server}/session`);
  expect(sessionAnswerSchema.parse(await ended.json()).session.status).toBe('Pending Auth');
});

test('only the page that started a sign-in to a server can complete it', async () => {
  const [adas, graces] = [await signedIn(ada), await signedIn(grace)];
  const secret = await secretFor(adas, ada);
  const stolen = await graces.ask('POST', `${server}/session/complete`, { secret });
  expect(stolen.status).toBe(404);
  expect((await adas.ask('POST', `${server}/session/complete`, { secret })).status).toBe(200);
});

test('a token of the cookie alone only reads: what changes something needs the key of the page', async () => {
  const { page } = await signedIn(ada);
  const { token } = Object(await (await page.resume()).json());
  const headers = { authorization: `Bearer ${String(token)}` };
  expect((await fetch(world.url + server, { headers })).status).toBe(200);
  const refused = await fetch(`${world.url}${server}/session`, { method: 'DELETE', headers });
  expect(refused.status).toBe(403);
  expect(problemSchema.parse(await refused.json()).title).toContain('no key');
});

test('what is built has a page for each reason and problem, and answers name them', async () => {
  const server = await fetch(`${world.url}/v1/mcpservers/default/server-d`);
  expect(explainedRowSchema.parse(await server.json()).explained?.page).toBe(
    `${world.url}/reasons/responded/`,
  );
  const problem = problemSchema.parse(await (await fetch(`${world.url}/v1/me`)).json());
  expect(problem.type).toBe(`${world.url}/problems/sign-in-required/`);
});

test('the site and the endpoint are one origin', async () => {
  expect(await (await fetch(`${world.url}/`)).text()).toBe('<title>The site</title>');
  expect((await fetch(`${world.url}/healthz`)).headers.get('content-type')).toContain('json');
});

test.each([
  ['a terminal', {}, 'Run: muster auth login'],
  ['the live page', { 'sec-fetch-site': 'same-origin' }, 'Sign in to muster again on this page.'],
])('an answer to %s names the sign-in that is there', async (_, site, hint) => {
  const headers = { ...site, authorization: 'Bearer no-token' };
  for (const init of [{ headers: site }, { headers }]) {
    const answer = await fetch(`${world.url}/v1/me`, init);
    expect(answer.status).toBe(401);
    expect(problemSchema.parse(await answer.json()).hint).toBe(hint);
  }
});
