import { issuerRule } from '../owner-settings.ts';
import type { Facts } from '../scene.ts';
import type { Kind, WildCase } from '../wild-case.ts';

const pinned =
  (named: (issuer: string) => string = (issuer) => issuer) =>
  ({ issuer }: Facts): object => ({
    type: 'oauth',
    authorizationServer: { issuer: named(issuer.url) },
  });

const withSlash = (issuer: string): string => `${issuer}/`;

/** A refusal that leaves everything as it was. */
const refused = (...says: readonly RegExp[]): Pick<WildCase, 'signIn' | 'session'> => ({
  signIn: { code: 3, says, never: [/--explain/] },
  session: 'Pending Auth',
});

const notS256 = /S256/;

const exactIss =
  'RFC 9207, section 2.4: iss of an answer is compared exactly (MCP conformance auth/iss-normalized)';

export const discoveryKinds: readonly Kind[] = [
  {
    kind: 'issuer names that differ by the slash of an empty path',
    cases: [
      // python-sdk#1919: Google-hosted MCP servers
      {
        name: 'a server without, metadata and answers with',
        issuer: { metadataSlash: true, issSlash: true },
      },
      // go-sdk#955: pydantic AnyHttpUrl
      { name: 'a server with, metadata without', server: { issuerNamed: withSlash } },
      // vercel/ai#20236
      {
        name: 'metadata with, answers without',
        declined: exactIss,
        issuer: { metadataSlash: true },
        ...refused(/RFC 9207/),
      },
      {
        name: 'answers with, metadata without',
        declined: exactIss,
        issuer: { issSlash: true },
        ...refused(/RFC 9207/),
      },
      {
        name: 'all of them with',
        issuer: { metadataSlash: true, issSlash: true },
        server: { issuerNamed: withSlash },
      },
      // copilot-cli#4606: Auth0, JumpCloud
      {
        name: 'a pin with, everything else without',
        https: true,
        auth: pinned(withSlash),
      },
      {
        name: 'a pin without, everything else with',
        https: true,
        issuer: { metadataSlash: true, issSlash: true },
        server: { issuerNamed: withSlash },
        auth: pinned(),
      },
      {
        name: 'the slash of a path that is not empty makes another issuer',
        declined: 'RFC 8414 compares the rest as text; only an empty path has two spellings',
        issuer: { path: '/tenant', metadataSlash: true },
        ...refused(/\/tenant/, /\/tenant\//),
      },
      {
        name: 'iss of another issuer is a mix-up',
        declined: 'RFC 9207: an answer that names another issuer is never used',
        issuer: { issOfAnother: true },
        signIn: { code: 3 },
        session: 'Pending Auth',
      },
    ],
  },
  {
    kind: 'the PKCE list of an issuer of MCP servers',
    cases: [
      // typescript-sdk#832
      { name: 'only the OpenID document has it: used', issuer: { pkceList: 'openidOnly' } },
      // vercel/ai#18674
      {
        name: 'no document has it: the refusal names ISSUERS',
        declined: 'the MCP specification: without the list a client refuses; the owner can set it',
        issuer: { pkceList: 'absent' },
        ...refused(notS256, /ISSUERS/),
      },
      // typescript-sdk#2831
      {
        name: 'the list is null: the refusal names ISSUERS',
        declined: 'null is absent',
        issuer: { pkceList: 'null' },
        ...refused(notS256, /ISSUERS/),
      },
      {
        name: 'no document has it and the owner set noPkceList: used',
        issuer: { pkceList: 'absent' },
        settings: issuerRule({ noPkceList: true }),
      },
      {
        name: 'the list lacks S256: refused',
        declined: 'the issuer itself says that it has no S256',
        issuer: { pkceList: 'plainOnly' },
        ...refused(notS256),
      },
      {
        name: 'the list lacks S256: noPkceList does not help',
        declined: 'the issuer itself says that it has no S256',
        issuer: { pkceList: 'plainOnly' },
        settings: issuerRule({ noPkceList: true }),
        ...refused(notS256),
      },
    ],
  },
  {
    kind: 'odd documents at the well-known places',
    cases: [
      // contextmine#2
      {
        name: 'HTML at the place of the path: the next place is read',
        server: { namesMetadata: 'nothing', places: { path: 'html' } },
      },
      {
        name: 'HTML at the OAuth place of the issuer: the OpenID place is read',
        issuer: { places: { oauth: 'html' } },
      },
      {
        name: 'HTML at the first two places of an issuer with a path: the third is read',
        issuer: { path: '/tenant', places: { oauth: 'html', openid: 'html' } },
      },
      // mcp-remote#267, vercel/mcp-handler#110
      {
        name: 'the challenge names an inner address: the well-known places are read',
        server: { namesMetadata: 'inner' },
      },
      {
        name: 'the challenge names a document that is not there: the well-known places are read',
        server: { namesMetadata: 'missing' },
      },
      { name: 'the challenge names a relative address', server: { namesMetadata: 'relative' } },
      // agentgateway#449
      {
        name: '401 at the place of the path: the next place is read',
        server: { namesMetadata: 'nothing', places: { path: 'locked' } },
      },
      {
        name: 'a redirect at the place of the path: the next place is read',
        server: { namesMetadata: 'nothing', places: { path: 'redirect' } },
      },
      {
        name: 'a document about another resource: the next place is read',
        server: { namesMetadata: 'nothing', places: { path: 'other' } },
      },
      {
        name: 'an empty document: the next place is read',
        server: { namesMetadata: 'nothing', places: { path: 'empty' } },
      },
      {
        name: 'a document of another issuer: the next place is read',
        issuer: { places: { oauth: 'other' } },
      },
      {
        name: 'an empty document of the issuer: the next place is read',
        issuer: { places: { oauth: 'empty' } },
      },
      // mcp-ts-core#293
      {
        name: 'no authorization_servers, and a pin: the pin is used',
        https: true,
        server: { namesNoIssuer: true },
        auth: pinned(),
      },
      {
        name: 'no authorization_servers and no pin: every place is reported',
        server: { namesNoIssuer: true },
        ...refused(/authorization_servers/, /spec\.auth\.authorizationServer/),
      },
      {
        name: 'HTML everywhere: every place is reported',
        server: { namesMetadata: 'nothing', places: { path: 'html', root: 'html' } },
        ...refused(/oauth-protected-resource\/mcp/, /spec\.auth\.authorizationServer/),
      },
      {
        name: 'the issuer has no document: every place is reported',
        issuer: { places: { oauth: 'absent', openid: 'html' } },
        ...refused(/oauth-authorization-server/, /openid-configuration/),
      },
      {
        name: 'no document at all, and a pin: the pin is used',
        https: true,
        server: { namesMetadata: 'nothing', places: { path: 'absent', root: 'absent' } },
        auth: pinned(),
      },
    ],
  },
  {
    kind: 'the metadata is not there for a moment',
    cases: [
      {
        name: '503 at the issuer: the message says HTTP 503, and the next sign-in works',
        issuer: { places: { oauth: 'busy', openid: 'busy' } },
        signIn: { code: 3, says: [/503/], never: [/publishes no metadata/, /--explain/] },
        meanwhile: ({ issuer }) => issuer.become({ places: undefined }),
        secondSignIn: { code: 0 },
      },
      {
        name: '502 with HTML at the issuer: the message says HTTP 502, and the next sign-in works',
        issuer: { places: { oauth: 'gateway', openid: 'gateway' } },
        signIn: { code: 3, says: [/502/], never: [/publishes no metadata/, /--explain/] },
        meanwhile: ({ issuer }) => issuer.become({ places: undefined }),
        secondSignIn: { code: 0 },
      },
      {
        name: '429 at the issuer: the message says HTTP 429, and the next sign-in works',
        issuer: { places: { oauth: 'limited', openid: 'limited' } },
        signIn: { code: 3, says: [/429/], never: [/publishes no metadata/, /--explain/] },
        meanwhile: ({ issuer }) => issuer.become({ places: undefined }),
        secondSignIn: { code: 0 },
      },
      {
        name: '503 at the server: the message says HTTP 503, and the next sign-in works',
        server: { places: { path: 'busy', root: 'busy' } },
        signIn: { code: 3, says: [/503/], never: [/--explain/] },
        meanwhile: ({ mcp }) => mcp.become({ places: undefined }),
        secondSignIn: { code: 0 },
      },
      {
        name: '503 at the issuer keeps a session',
        issuer: { expiresIn: 1 },
        later: async ({ issuer }) => {
          issuer.become({ places: { oauth: 'busy', openid: 'busy' } });
          const { promise, resolve } = Promise.withResolvers<void>();
          setTimeout(resolve, 1_100);
          await promise;
        },
        problem: [/refresh/i, /503/],
      },
    ],
  },
];
