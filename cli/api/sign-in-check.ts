import type { Check, SignInCheck } from '../../functions/model/wire/check-wire.ts';
import { isCheck, isSignInCheck } from './guards.ts';
import { authorizedRequest } from './authorized-exchange.ts';
import { type Connection, notOurs, serverUrl } from './mcpservers.ts';

export type CheckWithSignIn = Check & { readonly signIn: SignInCheck };

/** Probes a server and checks every link of the person's sign-in. It starts no sign-in. */
export async function checkSignIn(
  connection: Connection,
  server: { readonly namespace: string; readonly name: string },
): Promise<CheckWithSignIn> {
  const { endpoint } = connection;
  const answer = await authorizedRequest(connection, {
    method: 'POST',
    url: `${serverUrl(endpoint, server)}/check`,
    body: { signIn: true },
    // Discovery takes up to 15 s, and the request with the token 10 s.
    timeoutMs: 40_000,
  });
  if (!isCheck(answer) || answer.signIn === undefined || !isSignInCheck(answer.signIn))
    throw notOurs(endpoint);
  return { ...answer, signIn: answer.signIn };
}
