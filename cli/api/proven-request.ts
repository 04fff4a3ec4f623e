import { CliError, exitCodes } from '../context.ts';
import { authorizedExchange, type Exchanged } from './authorized-exchange.ts';
import { acceptedBody, type HttpRequest } from './request.ts';
import type { Connection } from './mcpservers.ts';

type Change = Pick<HttpRequest, 'url' | 'body' | 'timeoutMs'> & {
  readonly method: 'POST' | 'DELETE';
};

/**
 * As `request`, for what changes something: with a proof by the key of this machine. Throws as
 * `provenExchange`.
 */
export async function provenRequest(connection: Connection, change: Change): Promise<unknown> {
  const { sent, answer } = await provenExchange(connection, change);
  return acceptedBody(sent, answer);
}

/**
 * The same with the response, whatever its status. If the endpoint refuses the proof and its clock
 * differs from ours, again by its clock. Throws `NoMachineKey` when the sign-in has no key.
 */
export async function provenExchange(connection: Connection, change: Change): Promise<Exchanged> {
  const { signer } = connection;
  if (signer === undefined) throw new NoMachineKey();
  const send = () =>
    authorizedExchange(connection, (bearer = '') => ({
      ...change,
      bearer,
      proof: signer.proofFor({ ...change, token: bearer }),
    }));
  const exchanged = await send();
  const { status, challenge, date } = exchanged.answer;
  const isRefusedProof = status === 401 && challenge?.includes('invalid_dpop_proof') === true;
  return isRefusedProof && signer.correctClock(date) ? send() : exchanged;
}

/** A sign-in with `--device`, or one that is older than the keys: it can read, and nothing else. */
export class NoMachineKey extends CliError {
  constructor() {
    super('This sign-in has no key of this machine.', {
      exitCode: exitCodes.signInRequired,
      hint: 'Run: muster auth login',
    });
  }
}
