import type { Change } from '../../functions/model/wire/server-wire.ts';
import { isChanges } from './guards.ts';
import { authorizedRequest } from './authorized-exchange.ts';
import { type Connection, notOurs, serverUrl } from './mcpservers.ts';
import { RequestFailure } from './request.ts';

/**
 * The last changes of a server that is there, the newest first. Undefined where the endpoint keeps
 * none: it has no such route.
 */
export async function readChanges(
  connection: Connection,
  server: { readonly namespace: string; readonly name: string },
): Promise<readonly Change[] | undefined> {
  const { endpoint } = connection;
  try {
    const answer = await authorizedRequest(connection, {
      method: 'GET',
      url: `${serverUrl(endpoint, server)}/events`,
    });
    if (!isChanges(answer)) throw notOurs(endpoint);
    return answer.items;
  } catch (error) {
    if (error instanceof RequestFailure && error.status === 404) return undefined;
    throw error;
  }
}
