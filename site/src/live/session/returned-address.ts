/** What the address of the page says after the browser came back from an issuer. Pure. */
import { loopbackHosts } from '../../../../functions/model/loopback-redirect.ts';
import { oneLineWithoutSecrets } from '../../../../functions/model/outside-text.ts';

export type Returned =
  | { readonly kind: 'nothing' }
  /** From the sign-in to muster. */
  | { readonly kind: 'muster'; readonly state: string; readonly outcome: MusterOutcome }
  /** From the sign-in to a server, by way of the endpoint. */
  | { readonly kind: 'server'; readonly outcome: ServerOutcome };

export type MusterOutcome =
  | { readonly kind: 'code'; readonly code: string; readonly iss?: string }
  | Refusal;
export type ServerOutcome = { readonly kind: 'secret'; readonly secret: string } | Refusal;
/** `error` is a code of RFC 6749, section 4.1.2.1. */
export type Refusal = {
  readonly kind: 'refused';
  readonly error: string;
  readonly description?: string;
};

export function returnedIn(search: string): Returned {
  const query = new URLSearchParams(search);
  const [state, code, secret] = [query.get('state'), query.get('code'), query.get('secret')];
  const iss = query.get('iss');
  const error = query.get('error');
  // The page itself keeps a STATE as `state` in its address, without any of these.
  if (code !== null || (state !== null && error !== null)) {
    const outcome: MusterOutcome =
      code === null || error !== null
        ? refusalIn(query)
        : { kind: 'code', code, ...(iss === null ? {} : { iss }) };
    return { kind: 'muster', state: state ?? '', outcome };
  }
  if (secret !== null) return { kind: 'server', outcome: { kind: 'secret', secret } };
  return error === null ? { kind: 'nothing' } : { kind: 'server', outcome: refusalIn(query) };
}

/** Anyone can write an address: it is text from outside. */
function refusalIn(query: URLSearchParams): Refusal {
  const error = query.get('error') ?? 'server_error';
  const description = query.get('error_description');
  return {
    kind: 'refused',
    error: oneLineWithoutSecrets(error, 60),
    ...(description === null ? {} : { description: oneLineWithoutSecrets(description, 300) }),
  };
}

/**
 * The address of an issuer, if the browser may go there: never a script, never a place that others
 * in the network can read along.
 */
export function safeAddress(text: unknown): string | undefined {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && loopbackHosts.has(url.hostname));
  return isSafe ? url?.href : undefined;
}
