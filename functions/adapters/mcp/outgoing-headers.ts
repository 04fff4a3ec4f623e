import { routingHeaderIn, unusableHeader } from '../../model/spec-headers.ts';

/** The headers of the requests to one MCP server, or why none may be sent. */
export type OutgoingHeaders =
  | {
      readonly kind: 'usable';
      /** Those of the manifest in lower case, so that none is sent twice, and ours, which win. */
      readonly with: (ours: Headers) => Headers;
    }
  /** A sentence without values. */
  | { readonly kind: 'unusable'; readonly message: string };

type Headers = Readonly<Record<string, string>>;

/**
 * Everything that carries `spec.headers` gets its headers here, vetted. A request on behalf of a
 * `person` (with a token, or as a part of a sign-in) is not sent with a routing header; the flows
 * have refused it before.
 */
export function outgoingHeaders(
  specHeaders: Headers,
  onBehalfOf: 'prober' | 'person',
): OutgoingHeaders {
  const problem = unusableHeader(specHeaders);
  if (problem !== undefined) return { kind: 'unusable', message: problem };
  const routing = onBehalfOf === 'person' ? routingHeaderIn(specHeaders) : undefined;
  if (routing !== undefined)
    return {
      kind: 'unusable',
      message: `spec.headers has ${routing}, which no request of a person may carry`,
    };
  const declared = lowerCased(specHeaders);
  return { kind: 'usable', with: (ours) => ({ ...declared, ...lowerCased(ours) }) };
}

const lowerCased = (headers: Headers): Headers =>
  Object.keys(headers).every((name) => name === name.toLowerCase())
    ? headers
    : Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
