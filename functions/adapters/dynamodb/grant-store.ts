import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Client } from '../../sessions/client.ts';
import type { DeletedGrant, Grant, StoredGrant, PersonKey, Tokens } from '../../sessions/grant.ts';
import type { PendingCode, SignIn } from '../../sessions/pending-sign-in.ts';
import type { Sealer } from './seal.ts';
import { defined } from '../../model/defined.ts';

export type StoreOptions = {
  readonly table: Table;
  readonly sealer: Sealer;
  readonly now: () => Date;
};

/**
 * Everything the sessions remember. What is secret is sealed; every read looks at the expiry
 * itself, the TTL of the table only cleans up. Throws the errors of the table, and a ZodError for a
 * row of another making.
 */
export type SessionStore = {
  /** All of them, or those for servers whose uid begins so. */
  readonly listGrants: (person: PersonKey, serverUid?: string) => Promise<readonly Grant[]>;
  /** Whatever was there before is replaced. Gives the generation of the tokens. */
  readonly putGrant: (grant: Grant, tokens?: Tokens) => Promise<string>;
  readonly getGrant: (person: PersonKey, serverUid: string) => Promise<StoredGrant | undefined>;
  /**
   * Compare-and-swap: writes only while the row holds the tokens of generation `expected`. False:
   * it does not.
   */
  readonly replaceGrant: (next: StoredGrant, expected: string) => Promise<boolean>;
  readonly deleteGrant: (person: PersonKey, serverUid: string) => Promise<DeletedGrant | undefined>;
  /**
   * The exclusive right to refresh one grant, until then or until it is given back by its name.
   * Undefined: somebody else has it.
   */
  readonly acquireLease: (
    person: PersonKey,
    serverUid: string,
    until: Date,
  ) => Promise<string | undefined>;
  readonly releaseLease: (person: PersonKey, serverUid: string, lease: string) => Promise<void>;
  readonly saveSignIn: (state: string, signIn: SignIn) => Promise<void>;
  readonly consumeSignIn: (state: string) => Promise<SignIn | undefined>;
  readonly savePendingCode: (secret: string, parked: PendingCode) => Promise<void>;
  readonly consumePendingCode: (
    secret: string,
    starter: PersonKey,
    serverUid: string,
  ) => Promise<PendingCode | undefined>;
  /** Whom we are to say we are in a new sign-in. */
  readonly getClient: (issuer: string, redirectUri: string) => Promise<Client | undefined>;
  /** Who we were when a grant was made: kept after `getClient` has another answer. */
  readonly getClientById: (issuer: string, id: string) => Promise<Client | undefined>;
  /**
   * Keeps the first one: of two registrations at the same time both callers get the same client.
   */
  readonly saveClient: (client: Client) => Promise<Client>;
  readonly deleteClient: (client: Client) => Promise<void>;
};

/** The names are those of the table: partition key, sort key. */
export type Key = { readonly pk: string; readonly sk: string };
export type Attributes = Readonly<Record<string, unknown>>;

/** What must hold of the row that is there before it is written or taken. */
export type Condition =
  | { readonly kind: 'absent' }
  /** There is none, or one whose number is at most this. */
  | { readonly kind: 'absentOrAtMost'; readonly name: string; readonly most: number }
  | { readonly kind: 'equal'; readonly name: string; readonly value: string };

/**
 * Rows with a partition key, a sort key and a TTL attribute `expires` (seconds). Single writes with
 * conditions are all that is asked of it, no transactions; every read sees the last write.
 */
export type Table = {
  readonly get: (key: Key) => Promise<Attributes | undefined>;
  /** Replaces the whole row. False: the condition does not hold. */
  readonly put: (key: Key, attributes: Attributes, condition?: Condition) => Promise<boolean>;
  /**
   * Removes a row and returns it. Undefined: it is not there, or the condition does not hold and it
   * stays.
   */
  readonly delete: (key: Key, condition?: Condition) => Promise<Attributes | undefined>;
  /**
   * Rows of one partition whose sort key begins so, in its order, with `sk` and the attributes of
   * these names only.
   */
  readonly query: (
    pk: string,
    prefix: string,
    names: readonly string[],
  ) => Promise<readonly Attributes[]>;
};

export function sessionStore({ table, sealer, now }: StoreOptions): SessionStore {
  const sealed = async (key: Key, secret: unknown) =>
    sealer.seal(JSON.stringify(secret), aadOf(key));
  const opened = async <Output>(
    key: Key,
    row: Row,
    schema: z.ZodMiniType<Output>,
  ): Promise<Output | undefined> => {
    const text = row.sealed === undefined ? undefined : await sealer.open(row.sealed, aadOf(key));
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  };
  const isOver = ({ expires }: Pick<Row, 'expires'>) =>
    expires !== undefined && expires * 1_000 <= now().getTime();
  /** Undefined for a row that is not there or over. */
  const alive = (found: Attributes | undefined): Row | undefined => {
    const row = found === undefined ? undefined : rowSchema.parse(found);
    return row === undefined || isOver(row) ? undefined : row;
  };

  const keepOnce = async (key: Key, secret: unknown, expiresAt: Date, more: Attributes = {}) =>
    table.put(
      key,
      { ...more, sealed: await sealed(key, secret), expires: seconds(expiresAt) },
      { kind: 'absent' },
    );

  const grantRow = async (
    key: Key,
    { grant, tokens, generation }: StoredGrant,
  ): Promise<Attributes> =>
    defined({
      grant: grantAttributes(grant),
      generation,
      sealed: tokens === undefined ? undefined : await sealed(key, tokens),
      expires: seconds(endOfGrant(grant)),
    });

  const openedClient = async (key: Key) => {
    const row = alive(await table.get(key));
    return row === undefined ? undefined : opened(key, row, clientSchema);
  };

  return {
    listGrants: async (person, serverUid = '') => {
      const found = await table.query(partitionOf(person), `grant ${serverUid}`, [
        'grant',
        'expires',
      ]);
      return z
        .array(listedSchema)
        .parse(found)
        .filter((row) => !isOver(row))
        .map(({ sk, grant }) => grantFrom(person, sk, grant));
    },
    putGrant: async (grant, tokens) => {
      const key = grantKey(grant.person, grant.serverUid);
      const generation = randomUUID();
      await table.put(
        key,
        await grantRow(
          key,
          defined({
            grant,
            tokens,
            generation,
          }),
        ),
      );
      return generation;
    },
    getGrant: async (person, serverUid) => {
      const key = grantKey(person, serverUid);
      const row = alive(await table.get(key));
      if (row?.generation === undefined) return undefined;
      const tokens = await opened(key, row, tokensSchema);
      const grant = grantFrom(person, key.sk, row.grant);
      return defined({
        grant,
        generation: row.generation,
        tokens,
      });
    },
    replaceGrant: async (next, expected) => {
      const key = grantKey(next.grant.person, next.grant.serverUid);
      return table.put(key, await grantRow(key, next), {
        kind: 'equal',
        name: 'generation',
        value: expected,
      });
    },
    deleteGrant: async (person, serverUid) => {
      const key = grantKey(person, serverUid);
      const row = alive(await table.delete(key));
      if (row === undefined) return undefined;
      const tokens = await opened(key, row, tokensSchema);
      return defined({
        grant: grantFrom(person, key.sk, row.grant),
        tokens,
      });
    },

    acquireLease: async (person, serverUid, until) => {
      const lease = randomUUID();
      const row = { lease, until: until.getTime(), expires: seconds(until) + 60 };
      const isTaken = await table.put(leaseKey(person, serverUid), row, {
        kind: 'absentOrAtMost',
        name: 'until',
        most: now().getTime(),
      });
      return isTaken ? lease : undefined;
    },
    releaseLease: async (person, serverUid, lease) => {
      await table.delete(leaseKey(person, serverUid), {
        kind: 'equal',
        name: 'lease',
        value: lease,
      });
    },

    saveSignIn: async (state, signIn) =>
      void (await keepOnce(signInKey(state), signIn, signIn.expiresAt)),
    consumeSignIn: async (state) => {
      const key = signInKey(state);
      const row = alive(await table.delete(key));
      return row === undefined ? undefined : opened(key, row, signInSchema);
    },
    savePendingCode: async (secret, parked) => {
      const { starter, serverUid, expiresAt } = parked.signIn;
      await keepOnce(parkedKey(secret), parked, expiresAt, {
        starter: starterOf(starter, serverUid),
      });
    },
    consumePendingCode: async (secret, starter, serverUid) => {
      const key = parkedKey(secret);
      const row = alive(
        await table.delete(key, {
          kind: 'equal',
          name: 'starter',
          value: starterOf(starter, serverUid),
        }),
      );
      return row === undefined ? undefined : opened(key, row, parkedSchema);
    },

    getClient: (issuer, redirectUri) => openedClient(clientKey(issuer, redirectUri)),
    getClientById: (issuer, id) => openedClient(clientIdKey(issuer, id)),
    saveClient: async (client) => {
      const key = clientKey(client.issuer, client.redirectUri);
      const forgottenAt = new Date(
        Math.min(client.expiresAt?.getTime() ?? Infinity, now().getTime() + registrationMs),
      );
      const row = {
        sealed: await sealed(key, client),
        clientId: client.id,
        expires: seconds(forgottenAt),
      };
      const isKept = await table.put(key, row, {
        kind: 'absentOrAtMost',
        name: 'expires',
        most: seconds(now()),
      });
      if (!isKept) return (await openedClient(key)) ?? client;
      const byId = clientIdKey(client.issuer, client.id);
      const end = client.expiresAt === undefined ? {} : { expires: seconds(client.expiresAt) };
      await table.put(byId, { sealed: await sealed(byId, client), ...end });
      return client;
    },
    deleteClient: async ({ issuer, redirectUri, id }) => {
      await table.delete(clientKey(issuer, redirectUri), {
        kind: 'equal',
        name: 'clientId',
        value: id,
      });
    },
  };
}

// The key as JSON: no issuer or subject can be written so that two keys become one.
const partitionOf = ({ issuer, subject }: PersonKey) =>
  `person ${JSON.stringify([issuer, subject])}`;
const grantKey = (person: PersonKey, serverUid: string): Key => ({
  pk: partitionOf(person),
  sk: `grant ${serverUid}`,
});
const leaseKey = (person: PersonKey, serverUid: string): Key => ({
  pk: partitionOf(person),
  sk: `lease ${serverUid}`,
});
const signInKey = (state: string): Key => ({ pk: `signin ${digest(state)}`, sk: 'signin' });
const parkedKey = (secret: string): Key => ({ pk: `parked ${digest(secret)}`, sk: 'parked' });
const clientKey = (issuer: string, redirectUri: string): Key => ({
  pk: `client ${issuer}`,
  sk: `callback ${redirectUri}`,
});
const clientIdKey = (issuer: string, id: string): Key => ({
  pk: `client ${issuer}`,
  sk: `id ${id}`,
});
const starterOf = ({ issuer, subject }: PersonKey, serverUid: string) =>
  JSON.stringify([issuer, subject, serverUid]);
/**
 * The additional data of what is sealed in a row. Not stored: rebuilt from the key of the row, so
 * that a copied row does not open.
 */
const aadOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);

// Who reads the table learns neither a state nor a secret that is still good.
const digest = (text: string) => createHash('sha256').update(text).digest('base64url');

/** A TTL counts seconds. */
const seconds = (time: Date) => Math.floor(time.getTime() / 1_000);

const dayMs = 86_400_000;

// An issuer that purged us does not say so before the browser stands on its error page: after this
// time we ask to be registered anew.
const registrationMs = 7 * dayMs;

/**
 * An expired grant is still told as `Expired` for a month; one whose end nobody knows is dropped
 * when it was not renewed for ninety days.
 */
const endOfGrant = ({ obtainedAt, expiresAt, refreshable }: Grant) =>
  expiresAt === undefined || refreshable
    ? new Date(obtainedAt.getTime() + 90 * dayMs)
    : new Date(expiresAt.getTime() + 30 * dayMs);

const time = z.pipe(
  z.iso.datetime(),
  z.transform((text) => new Date(text)),
);
const personSchema = z.object({ issuer: z.string(), subject: z.string() });

const grantSchema = z.object({
  serverName: z.string(),
  serverUrl: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  resource: z.string(),
  scopes: z.array(z.string()),
  kind: z.enum(['signIn', 'exchange', 'forwarding']),
  obtainedAt: time,
  expiresAt: z.exactOptional(time),
  refreshable: z.boolean(),
  refused: z.exactOptional(
    z.object({
      at: time,
      by: z.enum(['server', 'issuer']),
      message: z.string(),
      missingScopes: z.exactOptional(z.array(z.string())),
    }),
  ),
  lastVerified: z.exactOptional(time),
});

const grantFrom = (person: PersonKey, sk: string, grant: unknown): Grant => ({
  person: { issuer: person.issuer, subject: person.subject },
  serverUid: sk.slice('grant '.length),
  ...grantSchema.parse(grant),
});

/** The clear part of a row: what the key does not say already, times as text. */
const grantAttributes = ({ person: _person, serverUid: _serverUid, ...grant }: Grant): Attributes =>
  JSON.parse(JSON.stringify(grant));

const tokensSchema = z.object({
  accessToken: z.string(),
  refreshToken: z.exactOptional(z.string()),
});

const signInSchema = z.object({
  starter: personSchema,
  starterName: z.string(),
  serverUid: z.string(),
  serverName: z.string(),
  serverUrl: z.string(),
  request: z.object({
    issuer: z.string(),
    clientId: z.string(),
    redirectUri: z.string(),
    resource: z.string(),
    scopes: z.array(z.string()),
    verifier: z.string(),
  }),
  returnTo: z.exactOptional(z.string()),
  expiresAt: time,
});

const parkedSchema = z.object({
  signIn: signInSchema,
  answer: z.object({ code: z.string(), iss: z.exactOptional(z.string()) }),
});

const clientSchema = z.object({
  issuer: z.string(),
  id: z.string(),
  redirectUri: z.string(),
  authentication: z.enum(['none', 'client_secret_basic', 'client_secret_post']),
  secret: z.exactOptional(z.string()),
  expiresAt: z.exactOptional(time),
});

const rowSchema = z.object({
  sealed: z.optional(
    z.object({ protected: z.string(), iv: z.string(), ciphertext: z.string(), tag: z.string() }),
  ),
  grant: z.optional(z.unknown()),
  generation: z.optional(z.string()),
  expires: z.optional(z.number()),
});
type Row = z.infer<typeof rowSchema>;

const listedSchema = z.object({
  sk: z.string(),
  grant: z.unknown(),
  expires: z.optional(z.number()),
});
