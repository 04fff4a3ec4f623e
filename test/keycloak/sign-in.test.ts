/** What people do with a Keycloak, by the built command line. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import * as z from 'zod/mini';
import { callbackUrl } from '../../functions/adapters/oauth/registration.ts';
import { liveSignedInSchema } from '../../functions/model/wire/live-wire.ts';
import { type Session, sessionSchema } from '../../functions/model/wire/server-wire.ts';
import { ada } from '../../local/issuer.ts';
import { type Ended, type Run, runMuster } from '../cli/run.ts';
import { sandbox } from '../cli/sandbox.ts';
import { browserOf } from '../world/browser.ts';
import { livePage } from '../world/live-page.ts';
import { commandLine, createRealm, type Realm } from './realm.ts';
import { type KeycloakWorld, startKeycloakWorld } from './world.ts';

const keycloak = inject('keycloak');
const statusSchema = z.object({
  items: z.array(z.object({ name: z.string(), session: sessionSchema })),
});

describe.skipIf(keycloak === undefined)('with Keycloak', () => {
  const box = sandbox();
  let world: KeycloakWorld;
  let open: Realm;
  let byHand: Realm;
  beforeAll(async () => {
    if (keycloak === undefined) return;
    const people = await createRealm(keycloak, 'people', { clients: [commandLine] });
    const guarded = await createRealm(keycloak, 'guarded');
    open = await createRealm(keycloak, 'open', { accessTokenSeconds: 5, registration: true });
    byHand = await createRealm(keycloak, 'by-hand');
    world = await startKeycloakWorld(
      people,
      { guarded, open, 'by-hand': byHand },
      {
        LIVE_PAGE: 'on',
        OAUTH_CLIENTS: JSON.stringify([
          {
            issuer: byHand.url,
            id: 'muster',
            secret: 'a secret that the owner made',
          },
        ]),
      },
    );
    await byHand.addClient({
      clientId: 'muster',
      secret: 'a secret that the owner made',
      redirectUris: [callbackUrl(world.url, byHand.url)],
    });
  });
  afterAll(() => world?.close());

  const muster = (line: string, run: Run = {}): Promise<Ended> =>
    runMuster(box.file, line, { endpoint: world.url, home: box.home, ...run });
  const signIn = (line: string): Promise<Ended> =>
    muster(line, { onAddress: (address) => browserOf(ada).visit(address) });
  const sessionOf = async (server: string, line?: string): Promise<string | undefined> =>
    (await sessionWith(server, line))?.status;
  const sessionWith = async (
    server: string,
    line = 'auth status',
  ): Promise<Session | undefined> => {
    const { stdout } = await muster(`${line} -o json`);
    const { items } = statusSchema.parse(JSON.parse(stdout));
    return items.find(({ name }) => name === server)?.session;
  };
  /** Waits until the token is past its expiry. */
  const expiry = async (server: string): Promise<void> => {
    const { expiresAt } = (await sessionWith(server)) ?? {};
    await wait(new Date(expiresAt ?? '').getTime() - Date.now() + 100);
  };
  beforeEach(async () => void (await signIn('auth login')));

  test('a person signs in on the live page, which the issuer need not know as an origin', async () => {
    const page = await livePage((path, init) => fetch(world.url + path, init));
    const answer = await page.signIn(ada);
    expect(answer.status).toBe(200);
    const { token } = liveSignedInSchema.parse(await answer.json());
    const me = await fetch(`${world.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(await me.json()).toMatchObject({ email: ada.email });
    expect((await page.resume()).status).toBe(200);
  });

  test('a person signs in to muster', async () => {
    expect((await muster('auth whoami')).stdout).toContain(ada.email);
  });

  test('a new realm refuses our registration, and the message says what its owner can do', async () => {
    const { code, stderr } = await signIn('auth login --server guarded');
    expect(code).toBe(3);
    expect(stderr).toContain('Trusted Hosts');
    expect(stderr).toContain('/v1/oauth/callback/');
    expect(stderr).toContain('OAUTH_CLIENTS');
  });

  test('a client that the owner registered by hand needs no registration', async () => {
    expect(await signIn('auth login --server by-hand')).toMatchObject({ code: 0 });
    expect(await sessionOf('by-hand', 'auth status --verify')).toBe('Authenticated');
  });

  test('a server behind an open realm accepts the token, and signing out ends the session there', async () => {
    expect(await signIn('auth login --server open')).toMatchObject({ code: 0 });
    expect(await sessionOf('open', 'auth status --verify')).toBe('Authenticated');
    expect(await open.countSessions()).toBe(1);
    expect(await muster('auth logout --server open')).toMatchObject({ code: 0 });
    expect(await open.countSessions()).toBe(0);
    expect(await sessionOf('open')).toBe('Pending Auth');
  });

  test('six commands at once refresh an expired token once', async () => {
    await signIn('auth login --server open');
    const before = await open.countEvents('REFRESH_TOKEN');
    await expiry('open');
    const seen = await Promise.all(
      Array.from({ length: 6 }, () => sessionOf('open', 'auth status --verify')),
    );
    expect(new Set(seen)).toEqual(new Set(['Authenticated']));
    expect((await open.countEvents('REFRESH_TOKEN')) - before).toBe(1);
    expect(await open.countEvents('REFRESH_TOKEN_ERROR')).toBe(0);
  });

  test('sessions that an administrator ends are Expired at the next refresh', async () => {
    await signIn('auth login --server open');
    await open.endSessions();
    await expiry('open');
    expect(await sessionOf('open', 'auth status --verify')).toBe('Expired');
    expect((await muster('auth status')).stdout).toMatch(/open {3,}Expired/);
  });

  test('after it lost our registration, the next sign-in registers again', async () => {
    await signIn('auth login --server open');
    expect(await open.forgetRegistrations()).toBe(1);
    await expiry('open');
    expect(await sessionOf('open', 'auth status --verify')).toBe('Expired');
    expect(await signIn('auth login --server open')).toMatchObject({ code: 0 });
    expect(await open.forgetRegistrations()).toBe(1);
  });
});
