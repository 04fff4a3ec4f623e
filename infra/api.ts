/** The endpoint: its function and its address. */
import { type Common, type Grant, logGroup, reservedOf, rows } from './functions.ts';

type ApiParts = Common & { readonly secrets: Grant[]; readonly reserved: number | undefined };

export function makeApi({
  shared,
  settings,
  table,
  secrets,
  reserved,
}: ApiParts): sst.aws.Function {
  const log = logGroup('Api');
  return new sst.aws.Function('Api', {
    ...shared,
    handler: 'functions/api.handler',
    memory: '512 MB',
    // A verification may wait 35 s for the refresh of another request.
    timeout: '45 seconds',
    ...reservedOf(reserved),
    // The function checks the token itself. Its callers are command lines, not pages of other sites.
    url: { authorization: 'none', cors: false },
    logging: { logGroup: log.name },
    environment: { ...settings },
    permissions: [
      rows(
        table,
        ['GetItem', 'PutItem', 'DeleteItem', 'Query'],
        ['person ', 'signin ', 'parked ', 'client ', 'proof '],
      ),
      // The counters of the limits, and nothing else, are updated in place.
      rows(table, ['UpdateItem'], ['limit ']),
      rows(table, ['Query'], ['changes ']),
      log.grant,
      ...secrets,
    ],
  });
}
