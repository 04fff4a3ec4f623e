/**
 * What `muster check NAME --sign-in` can find, once: the endpoint, the command line and the pages
 * `/sign-in/<finding>/` of the site print these texts.
 */

import type { Fixer, LinkStatus, SignInLinkName } from './sign-in-links.ts';

export type Finding = {
  readonly link: SignInLinkName;
  readonly status: LinkStatus;
  /** One sentence: what was found. */
  readonly summary: string;
  /** What it means, one or two sentences. */
  readonly meaning: string;
  /** Of every finding that is odd or broken. */
  readonly fixedBy?: Fixer;
  /** What to do. `NAME` is the server. */
  readonly fix?: string;
};

export const signInFindings = {
  'no-sign-in-needed': {
    link: 'server',
    status: 'ok',
    summary: 'The server requires no sign-in.',
    meaning: 'It answers requests without a token and names no issuer. SESSION is `-`.',
  },
  'stdio-server': {
    link: 'server',
    status: 'ok',
    summary: 'The server is of type stdio.',
    meaning: 'It runs on the machine of its user. There is nothing to sign in to.',
  },
  'sign-in-not-declared': {
    link: 'server',
    status: 'broken',
    summary: 'The server names an issuer, and nothing shows that it requires a sign-in.',
    meaning:
      'It answers requests without a token, at least those that discover it. `muster auth login` refuses to sign in to a server that asks for nothing.',
    fixedBy: 'server',
    fix: 'If people have to sign in, set `spec.auth.type: oauth` in the MCPServer.',
  },
  'server-url-unusable': {
    link: 'server',
    status: 'broken',
    summary: 'No token may be sent to the server.',
    meaning:
      'Tokens go only to https addresses, and never to a server with a routing header in `spec.headers`.',
    fixedBy: 'server',
    fix: 'Change `spec.url` or `spec.headers` of the MCPServer as the message says.',
  },
  'server-inside-cluster': {
    link: 'server',
    status: 'odd',
    summary: 'The server has a name inside the cluster.',
    meaning:
      'No request of a person goes through the API server, so the server is not asked. `spec.auth.authorizationServer` names the issuer, and no request can verify the session.',
    fixedBy: 'server',
    fix: 'Give the server an address that the endpoint can reach.',
  },
  'server-unavailable': {
    link: 'challenge',
    status: 'broken',
    summary: 'The server did not answer the request for its challenge.',
    meaning: 'Without an answer nothing is known about its sign-in.',
    fixedBy: 'server',
    fix: 'See the STATE of the server: run `muster check NAME --explain`.',
  },
  'challenge-good': {
    link: 'challenge',
    status: 'ok',
    summary: 'The challenge names the resource metadata.',
    meaning:
      'The server answers a request without a token with a Bearer challenge that has `resource_metadata` (RFC 9728, section 5.1).',
  },
  'challenge-without-address': {
    link: 'challenge',
    status: 'odd',
    summary: 'The challenge does not name the resource metadata.',
    meaning:
      'It is a Bearer challenge without `resource_metadata`. The well-known places are asked instead. Clients of older versions of MCP need the address.',
    fixedBy: 'server',
    fix: 'Add `resource_metadata` to the challenge (RFC 9728, section 5.1).',
  },
  'challenge-missing': {
    link: 'challenge',
    status: 'odd',
    summary:
      'The server refuses a request without a token, and its answer has no Bearer challenge.',
    meaning: 'The well-known places are asked instead.',
    fixedBy: 'server',
    fix: 'Answer 401 with `WWW-Authenticate: Bearer resource_metadata="..."` (RFC 9728, section 5.1).',
  },
  'challenge-not-given': {
    link: 'challenge',
    status: 'odd',
    summary: 'The server answers a request without a token.',
    meaning:
      'Discovery is open, and a sign-in may be required later, for example at `tools/call`. The well-known places are asked.',
    fixedBy: 'server',
    fix: 'Nothing to do if this is intended and `spec.auth` declares the sign-in.',
  },
  'resource-metadata-good': {
    link: 'resource metadata',
    status: 'ok',
    summary: 'The server publishes its resource metadata.',
    meaning: 'The document is about this server and names its issuer (RFC 9728).',
  },
  'resource-metadata-elsewhere': {
    link: 'resource metadata',
    status: 'odd',
    summary: 'A place that was asked first has no resource metadata.',
    meaning: 'Another place has it. Clients that ask only the first place fail.',
    fixedBy: 'server',
    fix: 'Publish the same document at every place, or correct the address in the challenge.',
  },
  'resource-metadata-without-issuer': {
    link: 'resource metadata',
    status: 'odd',
    summary: 'The resource metadata names no issuer.',
    meaning: 'The MCP authorization specification requires `authorization_servers`.',
    fixedBy: 'server',
    fix: 'Add `authorization_servers` to the document.',
  },
  'resource-metadata-missing': {
    link: 'resource metadata',
    status: 'odd',
    summary: 'The server publishes no resource metadata that can be used.',
    meaning:
      'The issuer comes from `spec.auth.authorizationServer` or from the origin of the server.',
    fixedBy: 'server',
    fix: 'Publish `/.well-known/oauth-protected-resource` (RFC 9728).',
  },
  'resource-mismatch': {
    link: 'resource metadata',
    status: 'broken',
    summary: 'The resource metadata is about another resource.',
    meaning:
      'A client must not use it (RFC 9728, section 3.3): a token for that resource could be used there. Servers behind a reverse proxy often name their inner address.',
    fixedBy: 'server',
    fix: 'Set `resource` in the document to the address that clients use, or correct `spec.url`.',
  },
  'resource-metadata-unavailable': {
    link: 'resource metadata',
    status: 'broken',
    summary: 'The resource metadata could not be read.',
    meaning: 'The server answered with a temporary error, or not at all.',
    fixedBy: 'server',
    fix: 'Try again in a minute. If it stays so, check the logs of the server and of its proxy.',
  },
  'no-issuer-named': {
    link: 'issuer',
    status: 'broken',
    summary: 'Nothing names the issuer of the server.',
    meaning:
      'Neither its metadata nor `spec.auth.authorizationServer` names one, and its own origin is none.',
    fixedBy: 'server',
    fix: 'Publish `/.well-known/oauth-protected-resource` (RFC 9728), or set `spec.auth.authorizationServer` in the MCPServer.',
  },
  'issuer-inside-cluster': {
    link: 'issuer',
    status: 'broken',
    summary: 'A server with a name inside the cluster cannot be asked for its issuer.',
    meaning: 'No request of a person goes through the API server.',
    fixedBy: 'server',
    fix: 'Set `spec.auth.authorizationServer` in the MCPServer.',
  },
  'issuer-named': {
    link: 'issuer',
    status: 'ok',
    summary: 'The server names its issuer.',
    meaning: 'People sign in there.',
  },
  'issuer-pinned': {
    link: 'issuer',
    status: 'ok',
    summary: 'The MCPServer names the issuer.',
    meaning: '`spec.auth.authorizationServer` decides, and the server does not contradict it.',
  },
  'issuer-by-origin': {
    link: 'issuer',
    status: 'odd',
    summary: 'The origin of the server names the issuer, as in MCP 2025-03-26.',
    meaning: 'Newer clients may not look there.',
    fixedBy: 'server',
    fix: 'Publish `/.well-known/oauth-protected-resource` (RFC 9728).',
  },
  'issuer-contradicted': {
    link: 'issuer',
    status: 'broken',
    summary: 'The server names another issuer than the MCPServer.',
    meaning: '`spec.auth.authorizationServer` is the only issuer where people may sign in.',
    fixedBy: 'server',
    fix: 'Correct `spec.auth.authorizationServer`, or `authorization_servers` in the metadata of the server.',
  },
  'issuer-unusable': {
    link: 'issuer',
    status: 'broken',
    summary: 'The address of the issuer cannot be used.',
    meaning: 'An issuer is an https address of at most 1,024 bytes.',
    fixedBy: 'server',
    fix: 'Correct `authorization_servers` in the metadata of the server, or `spec.auth.authorizationServer`.',
  },
  'issuer-metadata-good': {
    link: 'issuer metadata',
    status: 'ok',
    summary: 'The issuer publishes its metadata.',
    meaning: 'The document names this issuer, and its endpoints are https addresses.',
  },
  'issuer-metadata-elsewhere': {
    link: 'issuer metadata',
    status: 'odd',
    summary: 'A place that was asked first has no metadata of the issuer.',
    meaning: 'Another place has it. That is usual for issuers with OpenID Connect only.',
    fixedBy: 'issuer',
    fix: 'Nothing to do for muster. Other clients may need `/.well-known/oauth-authorization-server`.',
  },
  'issuer-slash': {
    link: 'issuer metadata',
    status: 'odd',
    summary:
      'The issuer writes its own name with or without the slash at its end, unlike the server.',
    meaning:
      'An empty path is the same with and without it (RFC 3986, section 6.2.3). Other clients may refuse it.',
    fixedBy: 'server',
    fix: 'Write the issuer in `authorization_servers` exactly as its metadata does.',
  },
  'issuer-metadata-missing': {
    link: 'issuer metadata',
    status: 'broken',
    summary: 'The issuer publishes no metadata that can be used.',
    meaning: 'Without it neither its endpoints nor its support of PKCE are known.',
    fixedBy: 'issuer',
    fix: 'Publish `/.well-known/oauth-authorization-server` (RFC 8414) or `/.well-known/openid-configuration`.',
  },
  'issuer-unavailable': {
    link: 'issuer metadata',
    status: 'broken',
    summary: 'The metadata of the issuer could not be read.',
    meaning: 'The issuer answered with a temporary error, or not at all.',
    fixedBy: 'issuer',
    fix: 'Try again in a minute. If it stays so, ask the operator of the issuer.',
  },
  'issuer-mismatch': {
    link: 'issuer metadata',
    status: 'broken',
    summary: 'The metadata belongs to another issuer.',
    meaning:
      'The document must name the issuer under which it was requested (RFC 8414, section 3.3). Else one issuer could speak for another.',
    fixedBy: 'server',
    fix: 'Name in `authorization_servers` the issuer that the document names, or correct `issuer` in the document.',
  },
  'issuer-endpoint-insecure': {
    link: 'issuer metadata',
    status: 'broken',
    summary: 'An endpoint of the issuer is not an https address.',
    meaning: 'Codes and tokens are sent over https only.',
    fixedBy: 'issuer',
    fix: 'Publish https addresses. Behind a reverse proxy, set the public address of the issuer.',
  },
  'pkce-good': {
    link: 'PKCE',
    status: 'ok',
    summary: 'The issuer supports PKCE with S256.',
    meaning: 'A code that is stolen on its way cannot be used.',
  },
  'pkce-by-setting': {
    link: 'PKCE',
    status: 'odd',
    summary: 'The issuer lists no PKCE methods, and ISSUERS says that it supports S256.',
    meaning: 'OpenID Connect Discovery has no such member. The owner of muster answers for it.',
    fixedBy: 'issuer',
    fix: 'Publish `code_challenge_methods_supported` with S256.',
  },
  'pkce-not-listed': {
    link: 'PKCE',
    status: 'broken',
    summary: 'The issuer lists no PKCE methods.',
    meaning: 'A client must refuse such an issuer (MCP authorization specification).',
    fixedBy: 'muster',
    fix: 'If the issuer supports S256, add `noPkceList` for it to the setting `ISSUERS`. Else ask its operator.',
  },
  'pkce-unsupported': {
    link: 'PKCE',
    status: 'broken',
    summary: 'The issuer does not support PKCE with S256.',
    meaning: 'A safe sign-in needs it. There is no setting that turns it off.',
    fixedBy: 'issuer',
    fix: 'Turn on PKCE with S256 at the issuer.',
  },
  'client-configured': {
    link: 'client',
    status: 'ok',
    summary: 'The owner of muster registered a client by hand.',
    meaning:
      'The setting `OAUTH_CLIENTS` has it. Its callback URL must be registered at the issuer.',
  },
  'client-document': {
    link: 'client',
    status: 'ok',
    summary: 'The issuer reads the client metadata document of muster.',
    meaning: 'No registration is necessary.',
  },
  'client-registered': {
    link: 'client',
    status: 'ok',
    summary: 'The issuer knows muster as a client.',
    meaning: 'An earlier sign-in made the registration (RFC 7591).',
  },
  'client-registrable': {
    link: 'client',
    status: 'ok',
    summary: 'The issuer lets clients register themselves.',
    meaning:
      'The next sign-in makes the registration (RFC 7591). The check makes none, so the policies of the issuer are not tried.',
  },
  'client-missing': {
    link: 'client',
    status: 'broken',
    summary:
      'The issuer does not let clients register themselves, and no client is registered by hand.',
    meaning: 'GitHub, Google, Entra ID, Slack and others register clients only by hand.',
    fixedBy: 'muster',
    fix: 'Register a client at the issuer with the callback URL that the check prints, and add it to the setting `OAUTH_CLIENTS`.',
  },
  'client-authentication-unsupported': {
    link: 'client',
    status: 'broken',
    summary: 'The issuer requires a client authentication that muster does not support.',
    meaning: 'The methods `none`, `client_secret_basic` and `client_secret_post` are supported.',
    fixedBy: 'issuer',
    fix: 'Allow one of these methods for the client of muster.',
  },
  'authorization-request': {
    link: 'authorization request',
    status: 'ok',
    summary: 'This is the request that a sign-in sends through the browser.',
    meaning:
      '`state` and `code_challenge` are left out: they are secret or random. A client that is not registered yet has no `client_id`.',
  },
  'forwarding-allowed': {
    link: 'single sign-on',
    status: 'ok',
    summary: 'Your own token may be forwarded to the server.',
    meaning: '`FORWARD_HOSTS` lists its host, and your token has the audiences that it requires.',
  },
  'exchange-allowed': {
    link: 'single sign-on',
    status: 'ok',
    summary: 'Your own token may be exchanged for the server.',
    meaning:
      '`EXCHANGE_ISSUERS` lists the issuer, and the MCPServer has what an exchange needs. The check exchanges nothing.',
  },
  'sso-refused': {
    link: 'single sign-on',
    status: 'broken',
    summary: 'Single sign-on is not allowed for this server.',
    meaning:
      'A manifest alone must never be able to collect tokens: settings of muster name the hosts and issuers.',
    fixedBy: 'muster',
    fix: 'Change the setting or the field that the message names.',
  },
  'sso-audience-missing': {
    link: 'single sign-on',
    status: 'broken',
    summary: 'Your token lacks an audience that the server requires.',
    meaning: '`spec.auth.requiredAudiences` lists audiences that your sign-in did not request.',
    fixedBy: 'you',
    fix: 'Run `muster auth login`. If that does not help, the message names the setting.',
  },
  'sso-token-expired': {
    link: 'single sign-on',
    status: 'broken',
    summary: 'Your sign-in to muster has expired.',
    meaning: 'Single sign-on needs a valid token of your own.',
    fixedBy: 'you',
    fix: 'Run `muster auth login`.',
  },
  'not-signed-in': {
    link: 'session',
    status: 'ok',
    summary: 'You are not signed in to the server.',
    meaning: 'To sign in, run `muster auth login --server NAME`.',
  },
  'signed-in': {
    link: 'session',
    status: 'ok',
    summary: 'You are signed in to the server.',
    meaning: 'Your grant is valid, or is refreshed at its next use.',
  },
  'grant-expired': {
    link: 'session',
    status: 'broken',
    summary: 'Your token has expired.',
    meaning: 'The check does not refresh it.',
    fixedBy: 'you',
    fix: 'Run `muster auth status --server NAME --verify`, which refreshes it where the issuer gave a refresh token. Else run `muster auth login --server NAME`.',
  },
  'grant-ended': {
    link: 'session',
    status: 'broken',
    summary: 'Your grant no longer works.',
    meaning: 'It was refused, or the server changed after you signed in.',
    fixedBy: 'you',
    fix: 'Run `muster auth login --server NAME`.',
  },
  'token-accepted': {
    link: 'verification',
    status: 'ok',
    summary: 'The server accepted a request with your token.',
    meaning: 'One request was sent, to the configured origin only.',
  },
  'token-refused': {
    link: 'verification',
    status: 'broken',
    summary: 'The server refused your token.',
    meaning: 'It is valid by its times, and the server does not accept it.',
    fixedBy: 'you',
    fix: 'Run `muster auth login --server NAME`. If the server refuses the new token as well, ask its owner.',
  },
  'token-unclear': {
    link: 'verification',
    status: 'odd',
    summary: 'The answer to a request with your token says nothing about the token.',
    meaning: 'The server answered with another error, or not at all.',
    fixedBy: 'server',
    fix: 'See the message. Run `muster check NAME --explain` for the STATE of the server.',
  },
} as const satisfies Readonly<Record<string, Finding>>;

export type FindingId = keyof typeof signInFindings;

/** The page of a finding on the site. */
export const findingPage = (finding: FindingId): string => `/sign-in/${finding}/`;
