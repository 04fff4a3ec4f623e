import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import { causeOf } from '../api/network-causes.ts';
import { codeOf } from '../token-store/private-file.ts';
import { CliError } from '../context.ts';

/** Why the bridge has no answer of the server. The text is for the person, next command included. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  /** Of the range that JSON-RPC leaves to servers. */
  readonly code = -32_001;
}

/** The server did answer, with an HTTP status. Clients probe with methods that it may not know. */
export class StatusError extends BridgeError {}

/** The network failed, not the server and not the access. */
export class ConnectionError extends BridgeError {}

/** The request reached the server, and its answer did not reach us. */
export const brokeOff = (name: string): BridgeError =>
  new ConnectionError(
    `${name} ended its answer before it was complete. Whether the call was carried out is not known.`,
  );

/** The request did not reach the server. */
export function notReached(name: string, url: URL, error: Error): BridgeError {
  // A proxy that failed explains itself.
  if (error instanceof CliError) return asBridgeError(error);
  const code = codeOf(error);
  const { what, hint = '' } = causeOf(code ?? '', url) ?? {
    what: code ?? oneLineWithoutSecrets(error.message, 200),
  };
  // Of all causes only an untrusted certificate has its remedy on this machine.
  const next = hint.includes('NODE_EXTRA_CA_CERTS') ? ` ${hint}` : '';
  return new ConnectionError(
    `${name}: ${what}.${next} To see whether it is down for everyone, run: muster check ${name}`,
  );
}

/** An error of the command line, with its next step, in one text. */
export const asBridgeError = ({ message, hint }: CliError): BridgeError =>
  new BridgeError(hint === undefined ? message : `${message} ${hint}`);
