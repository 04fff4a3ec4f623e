import * as z from 'zod/mini';
import type { McpServer } from '../../model/mcpserver.ts';
import { oneLine } from '../../model/outside-text.ts';
import { validScopes } from '../../model/scopes.ts';
import type {
  ChallengeSeen,
  Place,
  PlaceOf,
  ResourceReport,
} from '../../model/discovery-report.ts';
import type { BearerChallenge } from '../network/challenges.ts';
import { placeOf, readDocument } from './document.ts';
import { reach, type TransportOptions } from './transport.ts';

/** What a server answered to a request without a token. */
export type ServerChallenge = BearerChallenge & Partial<ChallengeSeen>;

export type DiscoveryOptions = TransportOptions & {
  /** Reads the challenge that the server answers to a request without a token; may be empty. */
  readonly readChallenge: (
    server: McpServer,
    url: URL,
    signal: AbortSignal,
  ) => Promise<ServerChallenge>;
  readonly signal: AbortSignal;
};

export type ResourceDiscovery = ResourceReport & {
  /** Scopes of the challenge, as text. */
  readonly challengeScope?: string;
};

/**
 * Asks a server for its protected-resource metadata (RFC 9728) at every place, in the order of the
 * MCP authorization specification, until one has a document that can be used: where the challenge
 * leads, the well-known place with the path of the server, and without it. Throws `SignInError`
 * only when the server itself does not answer.
 */
export async function discoverResource(
  server: McpServer,
  url: URL,
  options: DiscoveryOptions,
): Promise<ResourceDiscovery> {
  const challenge = await reach(url, () => options.readChallenge(server, url, options.signal));
  const places: Place[] = [];
  const seen = {
    challenge: {
      schemes: challenge.schemes ?? [],
      ...(challenge.status === undefined ? {} : { status: challenge.status }),
    },
    places,
    ...(challenge.scope === undefined ? {} : { challengeScope: challenge.scope }),
  };
  let usable: NonNullable<ResourceReport['metadata']> | undefined;
  for (const { of, text } of placesFor(url, challenge)) {
    const address = URL.parse(text, url.origin);
    if (address === null) {
      places.push({ of, address: oneLine(text, 300), answer: { kind: 'invalidAddress' } });
      continue;
    }
    const { place, metadata } = await read(of, address, url, options);
    places.push(place);
    // One without an issuer is good enough only when no other place has more to say.
    usable = usable === undefined || metadata?.issuers.length ? (metadata ?? usable) : usable;
    if (usable !== undefined && usable.issuers.length > 0) break;
  }
  return usable === undefined ? seen : { ...seen, metadata: usable };
}

function placesFor(
  url: URL,
  { resourceMetadata: named }: BearerChallenge,
): readonly { readonly of: PlaceOf; readonly text: string }[] {
  const wellKnown = '/.well-known/oauth-protected-resource';
  const path = url.pathname.replace(/\/$/, '');
  const own = [...new Set([wellKnown + path, wellKnown])].filter(
    (place) => named === undefined || URL.parse(named, url.origin)?.href !== url.origin + place,
  );
  return [
    ...(named === undefined ? [] : [{ of: 'challenge' as const, text: named }]),
    ...own.map((text) => ({ of: 'server' as const, text })),
  ];
}

const resourceMetadataSchema = z.object({
  resource: z.url(),
  authorization_servers: z._default(z.array(z.string()), []),
  scopes_supported: z._default(z.array(z.string()), []),
});

async function read(
  of: PlaceOf,
  address: URL,
  url: URL,
  options: TransportOptions,
): Promise<{ place: Place; metadata?: NonNullable<ResourceReport['metadata']> }> {
  const found = await readDocument(address, 'resourceMetadata', options);
  const { redirectedTo } = found;
  if (found.kind === 'none') return { place: placeOf(of, address, found.answer, redirectedTo) };
  const document = resourceMetadataSchema.safeParse(found.body);
  if (!document.success)
    return { place: placeOf(of, address, { kind: 'lacks', member: 'resource' }, redirectedTo) };
  const { resource, authorization_servers: issuers, scopes_supported: scopes } = document.data;
  if (!covers(resource, url)) {
    const named = oneLine(resource, 300);
    return { place: placeOf(of, address, { kind: 'otherResource', named }, redirectedTo) };
  }
  const answer =
    issuers.length === 0
      ? ({ kind: 'lacks', member: 'authorization_servers' } as const)
      : ({ kind: 'usable' } as const);
  return {
    place: placeOf(of, address, answer, redirectedTo),
    metadata: { resource, issuers, scopes: validScopes(scopes) },
  };
}

/**
 * RFC 9728, section 3.3, in the reading of the MCP SDKs: the same origin, and a path at or above
 * the server's.
 */
function covers(resource: string, url: URL): boolean {
  const { origin, pathname } = new URL(resource);
  const above = pathname.endsWith('/') ? pathname : `${pathname}/`;
  const own = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  return origin === url.origin && own.startsWith(above);
}
