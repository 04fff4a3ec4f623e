/** The uses of the DynamoDB table; a module of its own, because the client is slow to load. */
import { createHash } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoTable } from '../adapters/dynamodb/dynamo-table.ts';
import { partitionOf } from '../adapters/dynamodb/row-keys.ts';
import { type SessionStore, sessionStore } from '../adapters/dynamodb/session-store.ts';
import { tableOutbox } from '../adapters/dynamodb/outbox.ts';
import type { Sealer } from '../adapters/dynamodb/seal.ts';
import { defined } from '../model/defined.ts';
import type { LogLine } from '../model/log-line.ts';
import { oneLine } from '../model/outside-text.ts';
import { noOutbox, type Outbox } from '../reachability/state-changes.ts';
import type { UnreadableRow } from '../sessions/ports.ts';
import type { TableSettings } from '../settings.ts';

/** The grants of people, in the table of the settings. */
export const createGrantStore = (
  settings: TableSettings,
  {
    log,
    ...options
  }: {
    readonly sealer: Sealer;
    readonly now: () => Date;
    readonly log: (line: LogLine) => void;
  },
): SessionStore =>
  sessionStore({
    table: dynamoTable(createTableClient(settings, 'grants'), settings.tableName),
    report: (row) => log(unreadableLine(row)),
    ...options,
  });

/** The person goes into the log as a digest, which tells the lines of one person from another's. */
function unreadableLine(row: UnreadableRow): LogLine {
  const { reason } = row;
  const line = { level: 'warn' as const, message: 'a row of the table was left out', reason };
  switch (row.kind) {
    case 'grant': {
      const person = createHash('sha256').update(partitionOf(row.person)).digest('base64url');
      return { ...line, row: row.kind, person, serverUid: oneLine(row.serverUid, 100) };
    }
    case 'client':
      return { ...line, row: row.kind, issuer: oneLine(row.issuer, 200) };
    case 'signIn':
    case 'pendingCode':
      return { ...line, row: row.kind };
  }
}

/** The outbox of the sweep, in the same table; without a table there is none. */
export const createOutbox = (settings: TableSettings | undefined): Outbox =>
  settings === undefined
    ? noOutbox
    : tableOutbox({
        table: dynamoTable(createTableClient(settings, 'outbox'), settings.tableName),
        now: () => new Date(),
      });

type TableUse = 'grants' | 'outbox';

function createTableClient({ dynamoDbUrl }: TableSettings, use: TableUse): DynamoDBDocumentClient {
  const client = new DynamoDBClient(
    defined({ endpoint: dynamoDbUrl?.href, maxAttempts: maxAttempts[use] }),
  );
  return DynamoDBDocumentClient.from(client);
}

const maxAttempts: Readonly<Record<TableUse, number | undefined>> = {
  // The tokens that an issuer gave to a refresh exist only here until they are written.
  grants: 8,
  // The default: STATE does not wait for the outbox, and the change is announced all the same.
  outbox: undefined,
};
