/** Requests to the endpoint of this origin, with and without a proof. */
import { defined } from '../../../../functions/model/defined.ts';
import { type Answer, type EndpointRequest, exchange, type Exchanged } from './answers.ts';
import type { EndpointClock } from './endpoint-clock.ts';
import type { ProofSigner } from './proof.ts';

/** Whose request it is. Without a signer it can only read. */
export type Bearer = { readonly token: string; readonly signer?: ProofSigner | undefined };

export type PathRequest = Pick<EndpointRequest, 'method' | 'body' | 'timeoutMs' | 'ifNoneMatch'> & {
  readonly path: string;
};

/** Throws for a path that leads to another origin: a token is never sent there. */
export function endpointRequests(origin: string, clock: EndpointClock) {
  const urlOf = (path: string): string => {
    const url = new URL(path, origin);
    if (url.origin !== origin) throw new TypeError('The path leads to another origin.');
    return url.href;
  };

  /** Without a proof. */
  const send = ({ path, ...request }: PathRequest, bearer?: Bearer): Promise<Exchanged> =>
    exchange({ ...request, url: urlOf(path), ...defined({ token: bearer?.token }) });

  /**
   * With a proof of the key of this browser. If the endpoint refuses it and its clock differs from
   * ours, again by its clock.
   */
  const prove = async (
    { path, ...request }: PathRequest,
    { token, signer }: Required<Bearer>,
  ): Promise<Exchanged> => {
    if (signer === undefined) return { answer: noKey, refusesProof: false };
    const url = urlOf(path);
    const { method } = request;
    const once = async () =>
      exchange({
        ...request,
        url,
        token,
        proof: await signer.proofFor({ method, url, token }),
      });
    const exchanged = await once();
    return exchanged.refusesProof && clock.correct(exchanged.date) ? once() : exchanged;
  };

  return { send, prove };
}

export type EndpointRequests = ReturnType<typeof endpointRequests>;

const noKey: Answer = {
  kind: 'problem',
  status: 0,
  title: 'This sign-in has no key of this browser',
  detail: 'It can read, and change nothing.',
  hint: 'Sign out of muster, then sign in again.',
};
