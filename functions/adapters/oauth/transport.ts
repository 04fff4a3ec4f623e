import * as oauth from 'oauth4webapi';
import { defined } from '../../model/defined.ts';
import { messageOf } from '../../model/error-message.ts';
import type { GuardedFetch } from '../network/guarded-fetch.ts';
import { SignInError } from './signin-error.ts';

export type TransportOptions = {
  /** Guarded, bounded in time and size; it follows no redirect. */
  readonly fetch: GuardedFetch;
  /** Allows http issuers, where loopback may be contacted. */
  readonly allowInsecure: boolean;
};

/** Whether what is secret or decides about it may go to this address and come from it. */
export const isSafe = (
  { protocol }: URL,
  { allowInsecure }: Pick<TransportOptions, 'allowInsecure'>,
): boolean => protocol === 'https:' || (allowInsecure && protocol === 'http:');

/** One request to a server or an issuer. Throws `SignInError` when there is no answer. */
export const ask = (
  fetch: GuardedFetch,
  url: URL,
  init: Parameters<GuardedFetch>[1],
): Promise<Response> => reach(url, () => fetch(url.href, init));

/** The same for a request that a port sends. */
export async function reach<Answer>(url: URL, send: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (cause) {
    const detail = causeText(cause);
    throw new SignInError({ reason: 'requestFailed', host: url.host, detail }, { cause });
  }
}

/** Why there was no answer, for people. */
export const causeText = (cause: unknown): string =>
  cause instanceof DOMException && cause.name === 'TimeoutError'
    ? 'no answer in time'
    : messageOf(cause).replace(/\.$/, '');

/** The same for the functions of oauth4webapi. */
export function transport({ fetch, allowInsecure }: TransportOptions) {
  return {
    [oauth.allowInsecureRequests]: allowInsecure,
    [oauth.customFetch]: (
      url: string,
      {
        method,
        headers,
        body,
      }: {
        method: string;
        headers: Record<string, string>;
        body?: string | URLSearchParams | null | undefined;
      },
    ) =>
      ask(
        fetch,
        new URL(url),
        defined({
          method,
          headers,
          body: body || undefined,
        }),
      ),
  };
}
