/**
 * What issuers that people have do otherwise than the specifications, each as an option. The comment
 * at each names where people met it. Without any option `startWildIssuer` is an honest issuer.
 */

/** What one well-known place answers. */
export type PlaceAnswer =
  | 'document'
  | 'absent'
  /** 200 with the page of a single-page application. contextmine#2 */
  | 'html'
  /** 503 for a moment. */
  | 'busy'
  /** 502 with the page of a load balancer. */
  | 'gateway'
  /** 429 with Retry-After. */
  | 'limited'
  /** A document of another issuer or resource. mcp-remote#267 */
  | 'other'
  /** `{}` */
  | 'empty'
  /** A 302 to a sign-in page. */
  | 'redirect'
  /** 401 without a body: everything behind one gate. agentgateway#449 */
  | 'locked';

/** An OAuth error as an issuer sends it, with its HTTP status. */
export type Refusal = {
  readonly status?: number;
  readonly error?: string;
  readonly description?: string;
  /** HTML instead of JSON: a proxy or a firewall in front of the issuer. */
  readonly html?: true;
  /** The connection is closed without an answer. */
  readonly hangUp?: true;
};

export type IssuerQuirks = {
  /** Its address has this path. */
  readonly path?: string;

  /** `issuer` in its metadata ends with a slash. python-sdk#1919, go-sdk#955, copilot-cli#4606 */
  readonly metadataSlash?: boolean;
  /** `iss` of its answers ends with a slash. vercel/ai#20236 */
  readonly issSlash?: boolean;
  /** `iss` of its answers is another issuer's: a mix-up (RFC 9700, section 4.4). */
  readonly issOfAnother?: boolean;
  /** No `iss` in its answers, and none announced. */
  readonly noIss?: boolean;
  /** `code_challenge_methods_supported`. typescript-sdk#832 #2831, vercel/ai#18674 */
  readonly pkceList?: 'listed' | 'absent' | 'plainOnly' | 'openidOnly' | 'null';
  /** What its well-known places answer; `appended` exists only with a path. */
  readonly places?: Partial<Record<'oauth' | 'openid' | 'appended', PlaceAnswer>>;
  /** `null` for everything that is not set. open-metadata/OpenMetadata#30642 */
  readonly nulls?: boolean;
  /** `token_endpoint_auth_methods_supported`; undefined announces none and basic. */
  readonly authenticationMethods?: readonly string[];
  /** `scopes_supported`: what it knows. It refuses every other scope with `invalid_scope`. */
  readonly scopes?: readonly string[];
  /** Extra members of its metadata. */
  readonly announces?: Readonly<Record<string, unknown>>;

  /** Announces client metadata documents and reads them. opencode#47743 */
  readonly documents?: 'read' | 'refused';

  /** No registration endpoint. microsoft/vscode#257415 (GitHub, Google, Entra ID, Slack) */
  readonly noRegistration?: boolean;
  /** Registration is refused. contextstream/mcp-server#57, dnotitia/akb#635 */
  readonly refusesRegistration?: Refusal;
  /** 200 where RFC 7591 says 201. GluuFederation/oxAuth#1780 */
  readonly registrationStatus?: number;
  /** Gives a secret, to be used by this method. */
  readonly secretBy?: 'client_secret_basic' | 'client_secret_post';
  /** Clients that were registered by hand, without a registration. */
  readonly clients?: readonly {
    readonly id: string;
    readonly secret?: string;
    readonly redirectUris?: readonly string[];
  }[];
  /** The port of a loopback redirect is compared, too. NVIDIA/OpenShell#1900, smallstep/cli#286 */
  readonly comparesPort?: boolean;

  /** Sends the browser back with this error. formbricks#8406 */
  readonly declines?: { readonly error: string; readonly description?: string };
  /** What it does with a client that it does not know. claude-code#4760 #79505 */
  readonly unknownClient?: 'errorPage' | 'redirect';
  /** A refresh token only for this. SEP-2207, oh-my-pi#9909, medplum#9183 */
  readonly refreshFor?: 'anyone' | 'offline_access' | 'consent' | 'access_type' | 'never';
  /** Refuses `resource` (RFC 8707). python-sdk#2578, csharp-sdk#1587 (AADSTS9010010) */
  readonly refusesResource?: { readonly at: 'refresh' | 'always' } & Refusal;
  /** A refresh has to repeat the scopes of the grant. */
  readonly wantsScopesAtRefresh?: boolean;

  /** `expires_in`, of any type. The tokens work until `endAccessTokens`. */
  readonly expiresIn?: number | string | null;
  /** Extra or replaced members of a token answer; undefined removes one. */
  readonly tokenMembers?: Readonly<Record<string, unknown>>;
  /** 201 instead of 200. */
  readonly tokenStatus?: number;
  /** An ID token that nobody reads. UsefulSoftwareCo/executor#527, panva/openid-client#454 */
  readonly strayIdToken?: 'es256' | 'ahead' | 'garbage' | 'otherAudience' | 'null';
  /** The token endpoint takes its time. */
  readonly tokenDelayMs?: number;
  /** Each refresh token works once. Default: true. */
  readonly rotates?: boolean;
  /** The code is refused. */
  readonly refusesCode?: Refusal;
  /** The refresh is refused. lelylan/simple-oauth2#459, metabase#80389, obot#7501 */
  readonly refusesRefresh?: Refusal;
  /** Revocation is refused. */
  readonly refusesRevocation?: Refusal;
  readonly noRevocation?: boolean;

  /** Token exchange (RFC 8693) as Dex has it. */
  readonly exchange?: {
    readonly refuses?: Refusal;
    /** Members that the request must have, besides those of RFC 8693. */
    readonly needs?: Readonly<Record<string, string>>;
    readonly expiresIn?: number;
  };

  /** Claims of ID tokens: what it adds or replaces. tsidp#73, KEYCLOAK-4538 */
  readonly claims?: (
    honest: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>;
  /** Seconds that an ID token lives. */
  readonly idTokenSeconds?: number;
};

/** From now on; `undefined` ends a quirk. */
export type Changes<Quirks> = { readonly [Name in keyof Quirks]?: Quirks[Name] | undefined };
