/** What the discovery of a sign-in saw: every place that was asked, and what it answered. */

/** Whose document was looked for at the place. */
export type PlaceOf =
  /** RFC 9728: where `resource_metadata` of the challenge leads. */
  | 'challenge'
  /** RFC 9728: the well-known place of the server. */
  | 'server'
  /** RFC 8414 or OpenID Connect Discovery: the issuer. */
  | 'issuer'
  /** The server's own origin as its issuer, as MCP 2025-03-26 has it. */
  | 'origin';

export type Place = {
  readonly of: PlaceOf;
  /** Without query: it may hold a key. */
  readonly address: string;
  readonly answer: PlaceAnswer;
  /** Where redirects led. */
  readonly redirectedTo?: string;
};

/** Every text in it is one line and bounded. */
export type PlaceAnswer =
  | { readonly kind: 'usable' }
  | { readonly kind: 'httpStatus'; readonly status: number }
  | { readonly kind: 'redirect'; readonly status: number; readonly problem: string }
  /** `detail` is the cause in our own text or a code. */
  | { readonly kind: 'noAnswer'; readonly detail: string }
  /** The guard of addresses: `refused by policy: ...`. */
  | { readonly kind: 'blocked'; readonly detail: string }
  | { readonly kind: 'invalidAddress' }
  | { readonly kind: 'insecure' }
  /** 200, and no JSON object: often the page of an application that answers everything. */
  | { readonly kind: 'notJson'; readonly contentType: string }
  | { readonly kind: 'lacks'; readonly member: string }
  | { readonly kind: 'otherResource'; readonly named: string }
  | { readonly kind: 'otherIssuer'; readonly named: string }
  | { readonly kind: 'insecureEndpoint'; readonly endpoint: string }
  /** It lists no way of PKCE at all. */
  | { readonly kind: 'noPkceList' }
  | { readonly kind: 'noS256'; readonly listed: readonly string[] };

/** The answer of a server to a request without a token. */
export type ChallengeSeen = {
  readonly status?: number;
  /** Schemes of `WWW-Authenticate`, in lower case. */
  readonly schemes: readonly string[];
};

/** What is known after the server was asked. */
export type ResourceReport = {
  readonly challenge: ChallengeSeen;
  readonly places: readonly Place[];
  /** Absent: no document was good. */
  readonly metadata?: {
    readonly resource: string;
    /** Empty where it names none. */
    readonly issuers: readonly string[];
    readonly scopes: readonly string[];
  };
};

export type IssuerReport = {
  readonly issuer: string;
  readonly places: readonly Place[];
};

/** What a place answered, in a few words for people. */
export function answerText(answer: PlaceAnswer): string {
  switch (answer.kind) {
    case 'usable':
      return 'good';
    case 'httpStatus':
      return `HTTP ${answer.status}`;
    case 'redirect':
      return `HTTP ${answer.status}, a redirect ${answer.problem}`;
    case 'noAnswer':
    case 'blocked':
      return answer.detail;
    case 'invalidAddress':
      return 'not an address';
    case 'insecure':
      return 'not an https address';
    case 'notJson':
      return `HTTP 200 with ${answer.contentType} instead of JSON`;
    case 'lacks':
      return `a document without ${answer.member}`;
    case 'otherResource':
      return `a document about ${answer.named}`;
    case 'otherIssuer':
      return `a document of the issuer ${answer.named}`;
    case 'insecureEndpoint':
      return `a document whose ${answer.endpoint} endpoint is not an https address`;
    case 'noPkceList':
      return 'a document without code_challenge_methods_supported';
    case 'noS256':
      return `a document with the PKCE methods ${answer.listed.join(', ') || 'none'}, without S256`;
  }
}

/** A place that may answer better in a minute. */
export const mayPass = ({ answer }: Place): boolean =>
  answer.kind === 'noAnswer' ||
  (answer.kind === 'httpStatus' && (answer.status >= 500 || passing.has(answer.status)));

/** RFC 9110, section 15.5.9; RFC 8470; RFC 6585. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

/** All places and what they answered, as one part of a sentence. */
export const triedText = (places: readonly Place[]): string =>
  places.map(({ address, answer }) => `${address}: ${answerText(answer)}`).join('; ');
