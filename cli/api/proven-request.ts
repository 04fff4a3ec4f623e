import { CliError, exitCodes } from '../context.ts';
import { authorizedExchange } from './authorized-exchange.ts';
import { acceptedBody, type HttpRequest } from './request.ts';
import type { Connection } from './mcpservers.ts';

type Change = Pick<HttpRequest, 'url' | 'body' | 'timeoutMs'> & {
  readonly method: 'POST' | 'DELETE';
};

/**
 * As `request`, for what changes something: with a proof by the key of this machine. If the
 * endpoint refuses the proof and its clock differs from ours, again by its clock. Throws
 * `NoMachineKey` when the sign-in has no key.
 */
export async function provenRequest(connection: Connection, change: Change): Promise<unknown> {
  const { signer } = connection;
  if (signer === undefined) throw new NoMachineKey(connection.variable);
  const send = () =>
    authorizedExchange(connection, (bearer = '') => ({
      ...change,
      bearer,
      proof: signer.proofFor({ ...change, token: bearer }),
    }));
  const { sent, answer } = await send();
  const isRefusedProof = answer.status === 401 && answer.challenge?.includes('invalid_dpop_proof');
  if (isRefusedProof !== true || !signer.correctClock(answer.date))
    return acceptedBody(sent, answer);
  const again = await send();
  return acceptedBody(again.sent, again.answer);
}

/**
 * A sign-in with `--device`, one that is older than the keys, or the token of a variable: it can
 * read, and nothing else.
 */
export class NoMachineKey extends CliError {
  constructor(variable?: string) {
    super(
      variable === undefined
        ? 'This sign-in has no key of this machine.'
        : `The token in ${variable} can only read: it has no key of this machine.`,
      {
        exitCode: exitCodes.signInRequired,
        hint:
          variable === undefined
            ? 'Run: muster auth login'
            : `Unset ${variable}, then run: muster auth login`,
      },
    );
  }
}
