import type { Row } from '../../functions/model/wire/server-wire.ts';
import type { SessionAnswer } from '../../functions/model/wire/session-wire.ts';
import { isSessionAnswer } from './guards.ts';
import { CliError } from '../context.ts';
import { inParallel } from './in-parallel.ts';
import { type Connection, notOurs, serverUrl } from './mcpservers.ts';
import { NoMachineKey, provenRequest } from './proven-request.ts';

/** A row with its session as the server itself sees it, or why that could not be verified. */
export type VerifyResult = { readonly row: Row; readonly message?: string };

const parallel = 8;

/**
 * Asks the MCP servers of these rows whether they accept the person's sign-in, several in parallel.
 * One that fails does not affect the others. Throws `NoMachineKey` when the sign-in has no key.
 */
export function verifySessions(
  connection: Connection,
  rows: readonly Row[],
): Promise<readonly VerifyResult[]> {
  return inParallel(parallel, rows, (row) => verified(connection, row));
}

async function verified(connection: Connection, row: Row): Promise<VerifyResult> {
  try {
    return { row: { ...row, session: (await verifySession(connection, row)).session } };
  } catch (error) {
    // Without a key none of them can be asked.
    if (error instanceof CliError && !(error instanceof NoMachineKey))
      return { row, message: error.message };
    throw error;
  }
}

/** One of them, by single sign-on where the server uses it. */
export async function verifySession(
  connection: Connection,
  server: Pick<Row, 'namespace' | 'name'>,
): Promise<SessionAnswer> {
  // A token exchange and a verification, each with its own deadline.
  const answer = await provenRequest(connection, {
    method: 'POST',
    url: `${serverUrl(connection.endpoint, server)}/session/verify`,
    timeoutMs: 45_000,
  });
  if (!isSessionAnswer(answer)) throw notOurs(connection.endpoint);
  return answer;
}

/** Rows whose session single sign-on can change. */
export const usesSso = ({ singleSignOn, session }: Row): boolean =>
  singleSignOn !== undefined && session !== undefined && session.status !== '-';
