import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from '../../../local/listen.ts';
import type { Kind, WildCase } from '../wild-case.ts';
import type { Scene, Typed } from '../scene.ts';

const refused = (...says: readonly RegExp[]): Pick<WildCase, 'musterSignIn'> => ({
  musterSignIn: { code: 3, says },
});

const now = (): number => Math.floor(Date.now() / 1000);

/** What the sign-in to muster asked the issuer of people for. */
const scopesOf = ({ people }: Scene): readonly string[] =>
  (people.asked.findLast(({ path }) => path === '/authorize')?.parameters['scope'] ?? '').split(
    ' ',
  );

const expectEnd = ({ line, code, stdout, stderr }: Typed, right: number): void => {
  if (code !== right) throw new Error(`"${line}" ended with ${String(code)}: ${stdout}${stderr}`);
};

/** A process that loads it has a clock ten minutes behind. */
async function lateClock(): Promise<Readonly<Record<string, string>>> {
  const file = join(tmpdir(), `late-clock-${String(process.pid)}.cjs`);
  await writeFile(
    file,
    `const Real = Date, behind = 600_000;
globalThis.Date = class extends Real {
  constructor(...given) { if (given.length === 0) super(Real.now() - behind); else super(...given); }
  static now() { return Real.now() - behind; }
};`,
  );
  return { NODE_OPTIONS: `--require ${file}` };
}

/** A refusal tells the owner how the issuer calls itself. */
const bothNames: Pick<WildCase, 'musterSignIn'> = {
  musterSignIn: {
    code: [0, 3],
    elseSays: [
      /http:\/\/127\.0\.0\.1:\d+(?!\/|\d)/,
      /http:\/\/127\.0\.0\.1:\d+\/(?!\w)/,
      /OIDC_ISSUER/,
    ],
  },
};

/** An issuer that compares the whole redirect address, which the owner gave it and us. */
const registeredAt = (redirect: string): Pick<WildCase, 'people' | 'settings'> => ({
  people: { comparesPort: true, clients: [{ id: 'muster-cli', redirectUris: [redirect] }] },
  settings: () => ({ OIDC_REDIRECT: redirect }),
});

/** Ports that are free now; a program of somebody else keeps the last one. */
const holders = await Promise.all(Array.from({ length: 4 }, () => listen(createServer())));
const [first = 0, second = 0, third = 0, taken = 0] = holders.map(({ port }) => port);
await Promise.all(holders.slice(0, 3).map(({ close }) => close()));

/** With a sign-in that is always due: the command line asks the issuer each time. */
const alwaysDue = { idTokenSeconds: 20 } as const;

/** The same, and soon there is nothing left of it; the endpoint has a leeway of 30 s or more. */
const soonOver = { idTokenSeconds: 2 } as const;

export const peopleKinds: readonly Kind[] = [
  {
    kind: 'the PKCE list of the issuer of people',
    cases: [
      // Cognito, Entra ID: OpenID discovery has no such member. typescript-sdk#832 #2831
      { name: 'absent: the sign-in works', people: { pkceList: 'absent' } },
      { name: 'null: the sign-in works', people: { pkceList: 'null' } },
      {
        name: 'there and without S256: refused',
        declined: 'the issuer itself says that it has no S256',
        people: { pkceList: 'plainOnly' },
        ...refused(/S256/),
      },
    ],
  },
  {
    kind: 'the name of the issuer of people',
    cases: [
      // Auth0: https://TENANT/
      {
        name: 'with the slash of an empty path everywhere',
        people: {
          metadataSlash: true,
          issSlash: true,
          claims: ({ iss }) => ({ iss: `${String(iss)}/` }),
        },
        settings: ({ people }) => ({ OIDC_ISSUER: `${people.url}/` }),
      },
      {
        name: 'the owner left the slash out: it works, or the message has both names',
        people: {
          metadataSlash: true,
          issSlash: true,
          claims: ({ iss }) => ({ iss: `${String(iss)}/` }),
        },
        ...bothNames,
      },
      {
        name: 'the owner added the slash: it works, or the message has both names',
        settings: ({ people }) => ({ OIDC_ISSUER: `${people.url}/` }),
        ...bothNames,
      },
    ],
  },
  {
    kind: 'the issuer of people compares the whole redirect address',
    cases: [
      // NVIDIA/OpenShell#1900 (Okta)
      {
        name: 'a port that the owner registered',
        ...registeredAt(`http://127.0.0.1:${String(first)}/callback`),
      },
      // smallstep/cli#286
      {
        name: 'localhost, a port and another path',
        ...registeredAt(`http://localhost:${String(second)}/oauth2/callback`),
      },
      // argo-cd#5094 (Cognito)
      {
        name: 'no path but the slash',
        ...registeredAt(`http://127.0.0.1:${String(third)}/`),
      },
      {
        name: 'the port is in use: the message says so at once',
        ...registeredAt(`http://127.0.0.1:${String(taken)}/callback`),
        musterSignIn: { code: 3, says: [/in use/, new RegExp(String(taken))] },
      },
    ],
  },
  {
    kind: 'proxies',
    cases: [
      // copilot-cli#41, netlify/cli#170
      {
        name: 'HTTPS_PROXY leads to an endpoint whose name nobody else resolves',
        proxied: true,
        // An endpoint elsewhere may not send people to an issuer on their own machine: it was reached.
        // The whole sign-in through a proxy is in test/cli/proxies.test.ts.
        before: async ({ type, endpoint, people }) => {
          const { stderr } = await type(`context add wild ${endpoint} --yes`);
          if (!stderr.includes(`names the issuer ${people.url}`)) throw new Error(stderr);
        },
        musterSignIn: { code: [1, 3] },
      },
      // fastagent#474
      {
        name: 'NO_PROXY keeps this machine out of the proxy',
        environment: { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: 'localhost,127.0.0.1' },
      },
      {
        name: 'no_proxy in small letters, with a port',
        environment: { http_proxy: 'http://127.0.0.1:9', no_proxy: '127.0.0.0/8,127.0.0.1,::1' },
      },
    ],
  },
  {
    kind: 'clocks',
    cases: [
      // tsidp#73
      { name: 'nbf 3 s ahead', people: { claims: () => ({ nbf: now() + 3 }) } },
      { name: 'nbf 20 s ahead', people: { claims: () => ({ nbf: now() + 20 }) } },
      { name: 'iat 20 s ahead', people: { claims: () => ({ iat: now() + 20 }) } },
      {
        name: 'nbf an hour ahead is not valid yet',
        declined: 'more than a leeway',
        people: { claims: () => ({ nbf: now() + 3_600 }) },
        musterSignIn: { code: [2, 3], says: [/not valid yet/] },
      },
      // KEYCLOAK-4538: a laptop whose clock is 10 minutes behind believes its token for longer
      {
        name: 'a laptop 10 minutes behind: a 401 leads to one refresh and one more try',
        people: { idTokenSeconds: 5 },
        later: async ({ type, people }) => {
          // Past the lifetime and any leeway.
          await wait(67_000);
          people.become({ idTokenSeconds: undefined });
          const environment = await lateClock();
          for (const line of ['list mcpserver', 'auth status', 'list mcpserver -o json'])
            expectEnd(await type(line, { environment }), 0);
        },
      },
    ],
  },
  {
    kind: 'claims of the ID token',
    cases: [
      {
        name: 'azp of another client while email is null is refused',
        people: { claims: () => ({ azp: 'another-client', email: null }) },
        musterSignIn: { code: [2, 3] },
      },
      {
        name: 'azp of another client while name is a number is refused',
        people: { claims: () => ({ azp: 'another-client', name: 7, email_verified: 'yes' }) },
        musterSignIn: { code: [2, 3] },
      },
      { name: 'email null', people: { claims: () => ({ email: null }) } },
      { name: 'name and email of other types', people: { claims: () => ({ email: 7, name: [] }) } },
      { name: 'azp of our client', people: { claims: () => ({ azp: 'muster-cli' }) } },
      // class: group claims
      {
        name: '40 KB of groups: the message says that the ID token is too large',
        people: {
          claims: () => ({
            groups: Array.from(
              { length: 1_300 },
              (_, at) => `group-of-people-number-${String(at)}`,
            ),
          }),
        },
        musterSignIn: { code: [1, 2, 3], says: [/ID token/, /large|long|KB/] },
      },
    ],
  },
  {
    kind: 'scopes of the sign-in to muster',
    cases: [
      {
        name: 'groups is requested where the issuer lists it',
        people: { scopes: ['openid', 'profile', 'email', 'offline_access', 'groups'] },
        holds: (scene) => {
          if (!scopesOf(scene).includes('groups')) throw new Error(scopesOf(scene).join(' '));
        },
      },
      {
        name: 'groups is not requested where the issuer does not list it',
        people: { scopes: ['openid', 'profile', 'email', 'offline_access'] },
        holds: (scene) => {
          if (scopesOf(scene).includes('groups')) throw new Error(scopesOf(scene).join(' '));
        },
      },
      {
        name: 'offline_access is left out where the issuer lists scopes without it (Google, Cognito)',
        people: { scopes: ['openid', 'profile', 'email'] },
      },
    ],
  },
  {
    kind: 'the issuer of people is away',
    cases: [
      {
        name: 'the status says that the sign-in could not be refreshed, not that there is none',
        people: soonOver,
        later: async ({ people, type }) => {
          await wait(2_100);
          people.become({ places: { oauth: 'busy', openid: 'busy' } });
          const { stdout, stderr } = await type('auth status');
          people.become({ places: undefined });
          if (/Not authenticated/.test(stdout)) throw new Error(stdout);
          if (!/could not be refreshed/.test(stdout + stderr)) throw new Error(stdout + stderr);
        },
      },
      {
        name: 'the same when its token endpoint answers 503',
        people: soonOver,
        later: async ({ people, type }) => {
          await wait(2_100);
          people.become({ refusesRefresh: { status: 503, html: true } });
          const { stdout, stderr } = await type('auth status');
          people.become({ refusesRefresh: undefined });
          if (/Not authenticated/.test(stdout)) throw new Error(stdout);
          if (!/could not be refreshed/.test(stdout + stderr)) throw new Error(stdout + stderr);
        },
      },
      {
        name: 'eight commands at once wait for the one that refreshes',
        people: alwaysDue,
        later: async ({ people, type }) => {
          people.become({ idTokenSeconds: 3_600, tokenDelayMs: 12_000 });
          const all = await Promise.all(Array.from({ length: 8 }, () => type('list mcpserver')));
          people.become({ tokenDelayMs: undefined });
          for (const ended of all) {
            if (/remove the file/i.test(ended.stderr)) throw new Error(ended.stderr);
            expectEnd(ended, 0);
          }
        },
      },
      {
        name: 'an ended sign-in says so and leads to a new one',
        people: alwaysDue,
        later: async ({ people, type }) => {
          people.endSessions();
          const { code, stderr } = await type('list mcpserver');
          if (code !== 2 || !stderr.includes('muster auth login')) throw new Error(stderr);
          expectEnd(await type('auth login'), 0);
        },
      },
    ],
  },
];
