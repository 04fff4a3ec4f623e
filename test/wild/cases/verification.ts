import type { Kind, WildCase } from '../wild-case.ts';

const revoke: NonNullable<WildCase['later']> = ({ issuer }) => issuer.endSessions();

const isVerified: NonNullable<WildCase['holds']> = async ({ type }) => {
  const { stdout } = await type('list mcpserver -o json');
  if (!stdout.includes('"lastVerified"')) throw new Error('The session was never verified.');
};

const warned = (status: number): Pick<WildCase, 'signIn' | 'verify'> => ({
  signIn: { code: 0, says: [new RegExp(`Warning.*${String(status)}`)] },
  verify: { code: 0, says: [new RegExp(String(status))] },
});

export const verificationKinds: readonly Kind[] = [
  {
    kind: 'the server redirects, also with the token',
    cases: [
      // FastMCP, Starlette mounts
      { name: '307 to /mcp/ is followed', server: { moved: 307 }, holds: isVerified },
      { name: '308 to /mcp/ is followed', server: { moved: 308 }, holds: isVerified },
      {
        name: 'a grant that was revoked behind a 307 is Expired',
        server: { moved: 307 },
        later: revoke,
        session: 'Expired',
      },
      {
        name: 'a redirect to another origin never gets the token',
        declined: 'a token goes only to the configured origin',
        later: ({ mcp, issuer }) => mcp.become({ moved: 307, movedTo: `${issuer.url}/stolen` }),
        verify: { code: 0, says: [/307/] },
        holds: ({ issuer }) => {
          if (issuer.asked.some(({ path, hasToken }) => path === '/stolen' && hasToken))
            throw new Error('The token was sent on.');
        },
      },
    ],
  },
  {
    kind: 'one 401 to a good token that cannot be refreshed',
    cases: [
      // class: the cache of a JWKS
      {
        name: 'at the end of the sign-in: --verify clears it',
        issuer: { refreshFor: 'never' },
        server: { refusesGoodTokens: 1 },
        signIn: { code: [0, 3] },
      },
      {
        name: 'at a later --verify: the next one clears it',
        issuer: { refreshFor: 'never' },
        later: async ({ mcp, type }) => {
          mcp.become({ refusesGoodTokens: 1 });
          await type('auth status --verify');
        },
      },
      {
        name: 'at a later --verify of this server alone: the next one clears it',
        issuer: { refreshFor: 'never' },
        later: async ({ mcp, type }) => {
          mcp.become({ refusesGoodTokens: 1 });
          await type('auth status --server wild --verify');
        },
      },
      {
        name: 'a token that can be refreshed is refreshed at once',
        later: ({ mcp }) => mcp.become({ refusesGoodTokens: 1 }),
        verify: { code: 0, never: [/Warning/] },
      },
      {
        name: 'a token that stays refused is Expired',
        issuer: { refreshFor: 'never' },
        later: revoke,
        session: 'Expired',
        problem: [/refused the token/],
      },
    ],
  },
  {
    kind: 'everything is refused after the sign-in',
    cases: [
      // class: no licence
      {
        name: '403 with JSON is a warning',
        server: { afterSignIn: { status: 403 } },
        ...warned(403),
      },
      {
        name: '403 with HTML is a warning',
        server: { afterSignIn: { status: 403, html: true } },
        ...warned(403),
      },
      { name: '402 is a warning', server: { afterSignIn: { status: 402 } }, ...warned(402) },
      { name: '404 is a warning', server: { afterSignIn: { status: 404 } }, ...warned(404) },
      { name: '500 is a warning', server: { afterSignIn: { status: 500 } }, ...warned(500) },
      {
        name: '403 with a JSON-RPC error is a warning',
        server: {
          afterSignIn: {
            status: 403,
            body: { jsonrpc: '2.0', error: { code: -1, message: 'No' } },
          },
        },
        ...warned(403),
      },
    ],
  },
  {
    kind: 'what the server asks before a sign-in',
    cases: [
      // dynatrace-oss/dynatrace-mcp#540, apollographql/apollo-mcp-server#602
      {
        name: 'a JSON-RPC error with 403 and spec.auth: a sign-in works',
        server: { hostCheck: true },
        auth: () => ({ type: 'oauth' }),
      },
      // preset-io/agor#1938, upstash/context7#2958
      {
        name: 'lazy authentication and spec.auth: a sign-in works',
        server: { lazy: true },
        auth: () => ({ type: 'oauth' }),
      },
      // csharp-sdk#1866
      {
        name: 'lazy authentication without spec.auth asks for nothing',
        server: { lazy: true },
        signIn: { code: [1, 3], says: [/answers without asking for a sign-in/] },
        session: '-',
      },
      // RFC 9110, section 11.6.1
      {
        name: 'Basic and Bearer in one challenge: Bearer counts',
        server: {
          challenge: 'Basic realm="inside, not Bearer", Bearer resource_metadata="METADATA"',
        },
      },
      {
        name: 'bearer in small letters counts',
        server: { challenge: 'bearer resource_metadata="METADATA"' },
      },
      {
        name: 'a challenge with a blank before each comma counts',
        server: { challenge: 'Bearer realm="mcp" , resource_metadata="METADATA" , scope="mcp"' },
      },
      { name: 'a plain Bearer challenge is enough', server: { namesMetadata: 'nothing' } },
    ],
  },
];
