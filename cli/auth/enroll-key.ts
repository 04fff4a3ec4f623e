import { askOwner } from '../api/authorized-exchange.ts';
import { RequestFailure, TokenTooLarge } from '../api/request.ts';
import { type Connection, keyUrl } from '../api/mcpservers.ts';
import { provenRequest } from '../api/proven-request.ts';
import { CliError, exitCodes } from '../context.ts';
import { thumbprintOf } from '../token-store/machine-key.ts';
import type { Tokens } from '../token-store/token-files.ts';

/**
 * Registers the key of this machine right after the sign-in that it was made for. Throws with exit
 * code 3 when the endpoint refuses it.
 */
export async function enrollKey(connection: Connection, { idToken }: Tokens): Promise<void> {
  const url = `${connection.endpoint}/v1/me/key`;
  try {
    await provenRequest(connection, { method: 'POST', url, body: { idToken } });
  } catch (error) {
    if (error instanceof TokenTooLarge)
      throw new CliError(error.message, { exitCode: exitCodes.signInFailed, hint: error.hint });
    if (!(error instanceof RequestFailure) || error.status >= 500) throw error;
    // The issuer has just made the token: another one is probably refused like it.
    const more = error.status === 401 ? ` ${askOwner(connection.endpoint)}` : '';
    const hint = error.status === 413 ? error.hint : `Try again.${more}`;
    throw new CliError(error.message, { exitCode: exitCodes.signInFailed, hint });
  }
}

/** Removes a key at the endpoint. One that is not there is no error. */
export async function removeKey(connection: Connection, thumbprint: string): Promise<void> {
  try {
    await provenRequest(connection, {
      method: 'DELETE',
      url: keyUrl(connection.endpoint, thumbprint),
      timeoutMs: 5_000,
    });
  } catch (error) {
    if (!(error instanceof RequestFailure && error.status === 404)) throw error;
  }
}

/**
 * Removes the key of the sign-in that a new one replaced. It is of no use any more, so a failure
 * does not matter: the endpoint forgets it by itself.
 */
export async function removeReplacedKey(
  connection: Connection & { readonly tokens: Tokens },
  earlier: Tokens | undefined,
): Promise<void> {
  const { issuer, subject } = connection.tokens;
  if (earlier?.key === undefined || earlier.issuer !== issuer || earlier.subject !== subject)
    return;
  try {
    await removeKey(connection, thumbprintOf(earlier.key));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
  }
}
