import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';
import type { Client } from '../sessions/client.ts';
import type { Grant, PersonKey, Tokens } from '../sessions/grant.ts';
import type { ParkedCode, SignIn } from '../sessions/signin.ts';
import type { TakenGrant } from '../sessions/signout.ts';
import type { Sealer } from './seal.ts';

export type StoreOptions = {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  readonly sealer: Sealer;
  readonly now: () => Date;
};

/** Everything the sessions remember. What is secret is sealed; every read looks at the expiry itself, DynamoDB's TTL only cleans up. */
export type SessionStore = {
  readonly grantsOf: (person: PersonKey) => Promise<readonly Grant[]>;
  readonly keepGrant: (grant: Grant, tokens: Tokens) => Promise<void>;
  readonly takeGrant: (person: PersonKey, serverUid: string) => Promise<TakenGrant | undefined>;
  readonly keepSignIn: (state: string, signIn: SignIn) => Promise<void>;
  readonly takeSignIn: (state: string) => Promise<SignIn | undefined>;
  readonly parkCode: (secret: string, parked: ParkedCode) => Promise<void>;
  readonly takeParkedCode: (secret: string, starter: PersonKey, serverUid: string) => Promise<ParkedCode | undefined>;
  readonly clientOf: (issuer: string, redirectUri: string) => Promise<Client | undefined>;
  /** Keeps the first one: of two registrations at the same time both callers get the same client. */
  readonly keepClient: (client: Client) => Promise<Client>;
  readonly forgetClient: (client: Client) => Promise<void>;
};

/**
 * The store in one DynamoDB table: partition key `pk`, sort key `sk`, TTL attribute `expires`. No transactions; single use is a delete
 * that returns what it removed. Throws the errors of the AWS client, and a ZodError for a row of another making.
 */
export function sessionStore({ client, table, sealer, now }: StoreOptions): SessionStore {
  const rows = tableRows(client, table);

  const sealed = async (key: Key, secret: unknown) => sealer.seal(JSON.stringify(secret), placeOf(key));
  const opened = async <Output>(key: Key, row: Row, schema: z.ZodMiniType<Output>): Promise<Output | undefined> => {
    const text = await sealer.open(row.sealed, placeOf(key));
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  };
  const isOver = (row: Row) => row.expires !== undefined && row.expires * 1_000 <= now().getTime();

  const keepOnce = async (key: Key, secret: unknown, expiresAt: Date, more: Attributes = {}) =>
    rows.put(key, { ...more, sealed: await sealed(key, secret), expires: seconds(expiresAt) }, { condition: 'attribute_not_exists(pk)' });

  return {
    grantsOf: async (person) => {
      const found = await rows.query(partitionOf(person), 'grant ');
      return found
        .filter((row) => row.expires === undefined || row.expires * 1_000 > now().getTime())
        .map(({ sk, grant }) => grantFrom(person, sk, grant));
    },
    keepGrant: async (grant, tokens) => {
      const key = grantKey(grant.person, grant.serverUid);
      await rows.put(key, { grant: grantAttributes(grant), sealed: await sealed(key, tokens), expires: seconds(endOfGrant(grant)) });
    },
    takeGrant: async (person, serverUid) => {
      const key = grantKey(person, serverUid);
      const row = await rows.take(key);
      if (row === undefined || isOver(row)) return undefined;
      const tokens = await opened(key, row, tokensSchema);
      return { grant: grantFrom(person, key.sk, row.grant), ...(tokens === undefined ? {} : { tokens }) };
    },

    keepSignIn: async (state, signIn) => void (await keepOnce(signInKey(state), signIn, signIn.expiresAt)),
    takeSignIn: async (state) => {
      const key = signInKey(state);
      const row = await rows.take(key);
      return row === undefined || isOver(row) ? undefined : opened(key, row, signInSchema);
    },
    parkCode: async (secret, parked) => {
      const { starter, serverUid, expiresAt } = parked.signIn;
      await keepOnce(parkedKey(secret), parked, expiresAt, { starter: starterOf(starter, serverUid) });
    },
    takeParkedCode: async (secret, starter, serverUid) => {
      const key = parkedKey(secret);
      const row = await rows.take(key, { condition: 'starter = :starter', values: { ':starter': starterOf(starter, serverUid) } });
      return row === undefined || isOver(row) ? undefined : opened(key, row, parkedSchema);
    },

    clientOf: async (issuer, redirectUri) => {
      const key = clientKey(issuer, redirectUri);
      const row = await rows.get(key);
      return row === undefined || isOver(row) ? undefined : opened(key, row, clientSchema);
    },
    keepClient: async (client) => {
      const key = clientKey(client.issuer, client.redirectUri);
      const expires = client.expiresAt === undefined ? {} : { expires: seconds(client.expiresAt) };
      const row = { sealed: await sealed(key, client), clientId: client.id, ...expires };
      const isKept = await rows.put(key, row, {
        condition: 'attribute_not_exists(pk) OR expires <= :now',
        values: { ':now': seconds(now()) },
      });
      if (isKept) return client;
      const first = await rows.get(key);
      return (first === undefined ? undefined : await opened(key, first, clientSchema)) ?? client;
    },
    forgetClient: async ({ issuer, redirectUri, id }) => {
      await rows.take(clientKey(issuer, redirectUri), { condition: 'clientId = :id', values: { ':id': id } });
    },
  };
}

type Key = { readonly pk: string; readonly sk: string };
type Attributes = Readonly<Record<string, unknown>>;
type Condition = { readonly condition: string; readonly values?: Readonly<Record<string, string | number>> };

// The key as JSON: no issuer or subject can be written so that two keys become one.
const partitionOf = ({ issuer, subject }: PersonKey) => `person ${JSON.stringify([issuer, subject])}`;
const grantKey = (person: PersonKey, serverUid: string): Key => ({ pk: partitionOf(person), sk: `grant ${serverUid}` });
const signInKey = (state: string): Key => ({ pk: `signin ${digest(state)}`, sk: 'signin' });
const parkedKey = (secret: string): Key => ({ pk: `parked ${digest(secret)}`, sk: 'parked' });
const clientKey = (issuer: string, redirectUri: string): Key => ({ pk: `client ${issuer}`, sk: `callback ${redirectUri}` });
const starterOf = ({ issuer, subject }: PersonKey, serverUid: string) => JSON.stringify([issuer, subject, serverUid]);
const placeOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);

// Who reads the table learns neither a state nor a secret that is still good.
const digest = (text: string) => createHash('sha256').update(text).digest('base64url');

/** DynamoDB's TTL counts seconds. */
const seconds = (time: Date) => Math.floor(time.getTime() / 1_000);

const dayMs = 86_400_000;

/** An expired grant is still told as `Expired` for a month; one whose end nobody knows is dropped when it was not renewed for ninety days. */
const endOfGrant = ({ obtainedAt, expiresAt, refreshable }: Grant) =>
  expiresAt === undefined || refreshable ? new Date(obtainedAt.getTime() + 90 * dayMs) : new Date(expiresAt.getTime() + 30 * dayMs);

const time = z.pipe(
  z.iso.datetime(),
  z.transform((text) => new Date(text)),
);
const personSchema = z.object({ issuer: z.string(), subject: z.string() });

const grantSchema = z.object({
  serverUrl: z.string(),
  issuer: z.string(),
  clientId: z.string(),
  resource: z.string(),
  scopes: z.array(z.string()),
  kind: z.enum(['signIn', 'exchange']),
  obtainedAt: time,
  expiresAt: z.exactOptional(time),
  refreshable: z.boolean(),
  refused: z.exactOptional(z.object({ at: time, reason: z.string() })),
  lastVerified: z.exactOptional(time),
});

const grantFrom = (person: PersonKey, sk: string, grant: unknown): Grant => ({
  person: { issuer: person.issuer, subject: person.subject },
  serverUid: sk.slice('grant '.length),
  ...grantSchema.parse(grant),
});

/** The clear part of a row: what the key does not say already, times as text. */
const grantAttributes = ({ person: _person, serverUid: _serverUid, ...grant }: Grant): unknown => JSON.parse(JSON.stringify(grant));

const tokensSchema = z.object({ accessToken: z.string(), refreshToken: z.exactOptional(z.string()) });

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

const parkedSchema = z.object({ signIn: signInSchema, answer: z.object({ code: z.string(), iss: z.exactOptional(z.string()) }) });

const clientSchema = z.object({
  issuer: z.string(),
  id: z.string(),
  redirectUri: z.string(),
  authentication: z.enum(['none', 'client_secret_basic', 'client_secret_post']),
  secret: z.exactOptional(z.string()),
  expiresAt: z.exactOptional(time),
});

const rowSchema = z.object({
  sealed: z.object({ protected: z.string(), iv: z.string(), ciphertext: z.string(), tag: z.string() }),
  grant: z.optional(z.unknown()),
  expires: z.optional(z.number()),
});
type Row = z.infer<typeof rowSchema>;

const listedSchema = z.object({ sk: z.string(), grant: z.unknown(), expires: z.optional(z.number()) });

/** The table, row by row. */
function tableRows(client: DynamoDBDocumentClient, TableName: string) {
  const conditional = ({ condition, values }: Condition) => ({
    ConditionExpression: condition,
    ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
  });
  return {
    get: async (Key: Key) => {
      const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
      return Item === undefined ? undefined : rowSchema.parse(Item);
    },
    /** False when the condition does not hold. */
    put: async (key: Key, attributes: Attributes, condition?: Condition) => {
      const command = new PutCommand({
        TableName,
        Item: { ...key, ...attributes },
        ...(condition === undefined ? {} : conditional(condition)),
      });
      const answer = await client.send(command).catch(onlyConditionFailed);
      return answer !== undefined;
    },
    /** Removes a row and returns it. Undefined when it is not there, or the condition does not hold: then it stays. */
    take: async (Key: Key, condition?: Condition) => {
      const options = condition === undefined ? {} : conditional(condition);
      const answer = await client
        .send(new DeleteCommand({ TableName, Key, ReturnValues: 'ALL_OLD', ...options }))
        .catch(onlyConditionFailed);
      return answer?.Attributes === undefined ? undefined : rowSchema.parse(answer.Attributes);
    },
    /** Rows of one partition without what is sealed. Whoever signed in a moment ago sees it: the read is consistent. */
    query: async (pk: string, prefix: string) => {
      const found: z.infer<typeof listedSchema>[] = [];
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
            ExpressionAttributeNames: { '#grant': 'grant', '#expires': 'expires' },
            ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
            ProjectionExpression: 'sk, #grant, #expires',
            ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
          }),
        );
        found.push(...z.array(listedSchema).parse(page.Items ?? []));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
      return found;
    },
  };
}

function onlyConditionFailed(error: unknown): undefined {
  if (error instanceof ConditionalCheckFailedException) return undefined;
  throw error;
}
