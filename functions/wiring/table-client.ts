/** The uses of the DynamoDB table; a module of its own, because the client is slow to load. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoTable } from '../adapters/dynamodb/dynamo-table.ts';
import { type ChangeHistory, changeHistory } from '../adapters/dynamodb/change-history.ts';
import { type SessionStore, sessionStore } from '../adapters/dynamodb/session-store.ts';
import { tableRateLimits } from '../adapters/dynamodb/limit-counters.ts';
import type { RateLimits } from '../sessions/ports.ts';
import { tableOutbox } from '../adapters/dynamodb/outbox.ts';
import type { Sealer } from '../adapters/dynamodb/seal.ts';
import { defined } from '../model/defined.ts';
import type { Audit, AuditEvent } from '../model/audit-event.ts';
import { noOutbox, type Outbox } from '../reachability/state-changes.ts';
import type { UnreadableRow } from '../sessions/ports.ts';
import type { TableSettings } from '../settings.ts';

/** The grants of people, in the table of the settings. */
export const createGrantStore = (
  settings: TableSettings,
  {
    audit,
    ...options
  }: {
    readonly sealer: Sealer;
    readonly now: () => Date;
    readonly audit: Audit;
  },
): SessionStore =>
  sessionStore({
    table: dynamoTable(createTableClient(settings, 'grants'), settings.tableName),
    report: (row) => audit(unreadableEvent(row)),
    ...options,
  });

function unreadableEvent(row: UnreadableRow): AuditEvent {
  const reason = row.reason === 'notOpened' ? 'sealed' : 'malformed';
  return row.kind === 'grant'
    ? { kind: 'rowUnreadable', person: row.person, serverUid: row.serverUid, reason }
    : { kind: 'rowUnreadable', reason };
}

/** The outbox of the sweep, in the same table; without a table there is none. */
export const createOutbox = (settings: TableSettings | undefined): Outbox =>
  settings === undefined
    ? noOutbox
    : tableOutbox({
        table: dynamoTable(createTableClient(settings, 'outbox'), settings.tableName),
        now: () => new Date(),
      });

/** The last changes of each server, in the same table. */
export const createHistory = (settings: TableSettings): ChangeHistory =>
  changeHistory({
    table: dynamoTable(createTableClient(settings, 'history'), settings.tableName),
    now: () => new Date(),
  });

/** The counters of the limits, in the same table. */
export const createRateLimits = (settings: TableSettings): RateLimits =>
  tableRateLimits(dynamoTable(createTableClient(settings, 'limits'), settings.tableName));

type TableUse = 'grants' | 'outbox' | 'limits' | 'history';

function createTableClient({ dynamoDbUrl }: TableSettings, use: TableUse): DynamoDBDocumentClient {
  const client = new DynamoDBClient(
    defined({
      endpoint: dynamoDbUrl?.href,
      maxAttempts: maxAttempts[use],
      requestHandler: use === 'limits' || use === 'history' ? impatient : undefined,
    }),
  );
  return DynamoDBDocumentClient.from(client);
}

const maxAttempts: Readonly<Record<TableUse, number | undefined>> = {
  // The tokens that an issuer gave to a refresh exist only here until they are written.
  grants: 8,
  // The default: STATE does not wait for the outbox, and the change is announced all the same.
  outbox: undefined,
  limits: 2,
  // A sweep does not wait for what is only shown.
  history: 2,
};

// A request waits for its counter. When the table is down, each limit says what happens.
const impatient = { connectionTimeout: 1_000, requestTimeout: 1_000 };
