/**
 * The fault world as one list: each case is a server that behaves in one way, and what is right to
 * say of it. Plain data, so that another process can start the servers.
 */
import type { ConditionStatus, McpServer, State } from '../../../functions/model/mcpserver.ts';

/** What a server does, the verdict of one probe with its reason, and where it was seen. */
export type Row = readonly [what: string, verdict: string, source?: string];

/** What the cases of one area are about. */
export const areas = {
  transports: 'address families, names with several addresses, TLS versions and HTTP/2',
  names: 'DNS, and names with addresses that do not work',
  tls: 'TLS and certificates',
  answers: 'HTTP statuses, bodies and redirects',
  heads: 'heads that a strict reader refuses',
  requests: 'servers that answer GET and POST in different ways',
  urls: 'odd addresses, headers and challenges',
  time: 'slow, cut and changing servers',
} as const;
export type Area = keyof typeof areas;

export type Right = {
  /** `failed` at once, `failing` three times in a row, or `undecided`: nothing is written. */
  readonly verdict: 'connected' | 'failed' | 'failing' | 'undecided';
  readonly reason?: string;
  /** `state` after one and after three probes, where it does not follow from the verdict. */
  readonly states?: readonly [afterOne: State | undefined, afterThree: State | undefined];
  readonly authRequired?: ConditionStatus;
  readonly speaksMcp?: ConditionStatus;
  /** A piece of the message that a person needs. */
  readonly says?: string;
};

export type FaultCase = {
  readonly area: Area;
  readonly name: string;
  /** Where people met it: repository#number, or a section of a specification. */
  readonly source?: string;
  readonly server: Pick<McpServer, 'url'> &
    Partial<Pick<McpServer, 'type' | 'headers' | 'timeoutMs'>>;
  readonly right: Right;
  /** `address:port` of a name server of its own. */
  readonly resolver?: string;
  /** It is another server in each of the three probes: `prepare` is to be called before each. */
  readonly changes?: true;
};

/** What the process of the servers says when all of them listen. */
export type CaseWorld = {
  readonly cases: readonly FaultCase[];
  /** The name server that knows their names, `address:port`. */
  readonly resolver: string;
  readonly caPem: string;
};

/** Before probe `turn` (1, 2, 3) of a case that changes. */
export type Preparation = { readonly prepare: string; readonly turn: number };

const statesOf = {
  connected: ['Connected', 'Connected'],
  failed: ['Failed', 'Failed'],
  failing: ['Connecting', 'Failed'],
  undecided: [undefined, undefined],
} as const satisfies Record<Right['verdict'], readonly [State | undefined, State | undefined]>;

/** `state` after one and after three probes of a server that was never probed before. */
export const rightStates = ({
  verdict,
  states = statesOf[verdict],
}: Right): readonly [State | undefined, State | undefined] => states;

/** The verdict of a row, such as `failing Timeout`. */
export function rightOf(text: string): Right {
  const [verdict, reason] = text.split(' ');
  if (!isVerdict(verdict)) throw new Error(`no verdict is called ${verdict}`);
  return reason === undefined ? { verdict } : { verdict, reason };
}

const isVerdict = (word: string | undefined): word is Right['verdict'] =>
  word !== undefined && Object.hasOwn(statesOf, word);

/** What a person wants to know of a server; `undefined` where nobody can be right or wrong. */
export type PersonsClass = 'up' | 'requires a sign-in' | 'down';

/** Where careful people differ: no comparison with others counts them. */
const disputed: ReadonlySet<string> = new Set([
  // Go takes such a key; OpenSSL and the policies of browsers do not.
  'RSA of 1024 bits',
  // RFC 9525, section 2 leaves such a name out; OpenSSL and Node read it.
  'a name in the subject only',
  // Open to the POST. We report that something of it requires a sign-in.
  'POST: a 401 to the GET',
]);

/** After three probes. What is refused by policy or by its own spec is no matter of a prober. */
export function rightClass({ name, right }: FaultCase): PersonsClass | undefined {
  if (disputed.has(name)) return undefined;
  const [, state] = rightStates(right);
  if (right.reason === 'BlockedByPolicy' || right.reason === 'InvalidSpec') return undefined;
  if (state === 'Failed') return 'down';
  if (state !== 'Connected') return undefined;
  return asksForSignIn(right) ? 'requires a sign-in' : 'up';
}

export const asksForSignIn = ({ reason, authRequired }: Right): boolean =>
  reason === 'AuthenticationRequired' || authRequired === 'True';
