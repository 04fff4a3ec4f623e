/** What the session flows need from outside, each port once. A flow takes its part with `Pick`. */
import type { LimitName } from '../model/limits.ts';
import type { Client } from './client.ts';
import type { MachineKey } from './enrollment.ts';
import type { DeletedGrant, Grant, PersonKey, StoredGrant, Tokens } from './grant.ts';
import type { PendingCode, SignIn } from './pending-sign-in.ts';

export type Clock = { readonly now: () => Date };

export type SecretSource = {
  /** Text that cannot be guessed: at least 256 bits, safe in a URL. */
  readonly newSecret: () => string;
};

/**
 * A row of the table that was left out: it is not what we wrote, or it does not open in its place.
 * For the log; nothing in it comes out of the row.
 */
export type UnreadableRow = {
  readonly reason: 'notParsed' | 'notOpened';
} & (
  | { readonly kind: 'grant'; readonly person: PersonKey; readonly serverUid: string }
  | { readonly kind: 'signIn' }
  | { readonly kind: 'pendingCode' }
  | { readonly kind: 'client'; readonly issuer: string }
);

/**
 * The grants of people. Every read checks the expiry itself, and treats a row that cannot be read
 * as absent.
 */
export type GrantStore = {
  /** All grants of the person, or those for servers whose uid begins with `serverUid`. */
  readonly listGrants: (person: PersonKey, serverUid?: string) => Promise<readonly Grant[]>;
  /** The servers of all rows of the person, also of those that cannot be read. */
  readonly listServerUids: (person: PersonKey) => Promise<readonly string[]>;
  /** Replaces the grant that was stored before. Returns the generation of the tokens. */
  readonly putGrant: (grant: Grant, tokens?: Tokens) => Promise<string>;
  readonly getGrant: (person: PersonKey, serverUid: string) => Promise<StoredGrant | undefined>;
  /**
   * Compare-and-swap: writes only while the row holds the tokens of generation `expected`. Returns
   * false when it holds others.
   */
  readonly replaceGrant: (next: StoredGrant, expected: string) => Promise<boolean>;
  /** Reads and removes in one step. */
  readonly deleteGrant: (person: PersonKey, serverUid: string) => Promise<DeletedGrant | undefined>;
  /**
   * The exclusive right to refresh one grant, until `until` or until `releaseLease`. Returns the
   * name of the lease, or undefined while another request holds it.
   */
  readonly acquireLease: (
    person: PersonKey,
    serverUid: string,
    until: Date,
  ) => Promise<string | undefined>;
  readonly releaseLease: (person: PersonKey, serverUid: string, lease: string) => Promise<void>;
};

/** A machine of a person got an access token for a server. One for each machine and server. */
export type TokenRelease = {
  readonly serverUid: string;
  /** The key of the machine. */
  readonly thumbprint: string;
  readonly at: Date;
  /** When the token ends. Absent: its issuer did not say. */
  readonly endsAt?: Date;
};

/** The last release to each machine, kept for 30 days. */
export type ReleaseStore = {
  /** Of all servers, or of one. */
  readonly listReleases: (
    person: PersonKey,
    serverUid?: string,
  ) => Promise<readonly TokenRelease[]>;
  /** Replaces the one before it, to the same machine for the same server. */
  readonly saveRelease: (person: PersonKey, release: TokenRelease) => Promise<void>;
  /** Removes and returns those of one server. */
  readonly takeReleases: (person: PersonKey, serverUid: string) => Promise<readonly TokenRelease[]>;
};

/** What a list shows of a person, besides the servers. */
export type PersonRows = {
  readonly grants: readonly Grant[];
  /** Of the last 30 days. */
  readonly releases: readonly TokenRelease[];
  /** The registered keys of the person's machines. */
  readonly keys: readonly MachineKey[];
};

export type PersonStore = {
  /** One read of the table. What cannot be read is left out, as where each is listed alone. */
  readonly readPerson: (person: PersonKey) => Promise<PersonRows>;
};

/** Sign-ins that are not completed yet. */
export type SignInStore = {
  readonly saveSignIn: (state: string, signIn: SignIn) => Promise<void>;
  /** Reads and removes in one step: a second caller gets undefined. */
  readonly consumeSignIn: (state: string) => Promise<SignIn | undefined>;
  readonly savePendingCode: (secret: string, pending: PendingCode) => Promise<void>;
  /** Reads and removes in one step, and only for the starter and the server of the sign-in. */
  readonly consumePendingCode: (
    secret: string,
    starter: PersonKey,
    serverUid: string,
  ) => Promise<PendingCode | undefined>;
};

/** Our registrations at the issuers of MCP servers. */
export type ClientStore = {
  /** The client for a new sign-in. */
  readonly getClient: (issuer: string, redirectUri: string) => Promise<Client | undefined>;
  /** The client that a grant was made with: kept after `getClient` returns another one. */
  readonly getClientById: (issuer: string, id: string) => Promise<Client | undefined>;
  /** Keeps the first one: two registrations at the same time return the same client. */
  readonly saveClient: (client: Client) => Promise<Client>;
  readonly deleteClient: (client: Client) => Promise<void>;
  /**
   * Forgets that a sign-in at this issuer was started before `before` and that no browser came back
   * from it since. False: there is none, or another request has just forgotten it.
   */
  readonly consumeUnanswered: (issuer: string, before: Date) => Promise<boolean>;
  /** The issuer does not accept our client metadata document, although it announces that. */
  readonly markDocumentRefused: (issuer: string) => Promise<void>;
  readonly isDocumentRefused: (issuer: string) => Promise<boolean>;
};

/** Whether browsers come back from an issuer. */
export type AnswerMarks = {
  /** Remembers that this person went to the issuer of this server, until then. */
  readonly markAttempt: (person: PersonKey, serverUid: string, until: Date) => Promise<void>;
  /** Reads and removes in one step: true where such an attempt has had no answer. */
  readonly consumeAttempt: (person: PersonKey, serverUid: string) => Promise<boolean>;
  /** Keeps the time of the first start since the last answer. */
  readonly markStarted: (issuer: string, at: Date) => Promise<void>;
  readonly markAnswered: (issuer: string) => Promise<void>;
};

/** How often people do what is limited, counted for all processes together. */
export type RateLimits = {
  /**
   * Counts one use in its window. False: as many as `limits` allows are counted already. Throws the
   * errors of the table.
   */
  readonly countUse: (use: Use) => Promise<boolean>;
};

export type Use = {
  readonly person: PersonKey;
  readonly limit: LimitName;
  /** There: the uses of this server are counted alone. */
  readonly serverUid?: string;
  /** The window of the limit that the use falls into. */
  readonly startsAt: Date;
  readonly endsAt: Date;
};

/** The keys of people's machines, and the proofs that were made with them. */
export type KeyStore = {
  /** The most recently used first. */
  readonly listKeys: (person: PersonKey) => Promise<readonly MachineKey[]>;
  readonly getKey: (person: PersonKey, thumbprint: string) => Promise<MachineKey | undefined>;
  /**
   * Registers a key; one that is registered stays as it is. A person has at most 20: the one that
   * was used least recently makes room. False: this key was removed before, and stays removed.
   */
  readonly enrollKey: (person: PersonKey, thumbprint: string) => Promise<boolean>;
  /** Remembers that the key was used now. A key that was removed meanwhile stays removed. */
  readonly markKeyUsed: (person: PersonKey, key: MachineKey) => Promise<void>;
  /** Removes a key for good. False: there is no such key. */
  readonly removeKey: (person: PersonKey, thumbprint: string) => Promise<boolean>;
  /** Remembers the id of a proof until then. False: it was used before. */
  readonly consumeProof: (thumbprint: string, id: string, until: Date) => Promise<boolean>;
};

/** `clientCredentialsSecretRef` with its namespace settled. */
export type SecretReference = {
  readonly namespace: string;
  readonly name: string;
  readonly clientIdKey: string;
  readonly clientSecretKey: string;
};

/** The two values of that Secret. */
export type Credentials = { readonly clientId: string; readonly clientSecret: string };
