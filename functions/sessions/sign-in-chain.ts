/** The doctor: what was seen of a sign-in becomes links, each with whose it is to fix. */
import { answerText, type Place } from '../model/discovery-report.ts';
import { defined } from '../model/defined.ts';
import { type McpServer, qualifiedName } from '../model/mcpserver.ts';
import { oneLine } from '../model/outside-text.ts';
import {
  type Finding,
  type FindingId,
  findingPage,
  signInFindings,
} from '../model/sign-in-findings.ts';
import type { SignInCheck, SignInLink } from '../model/wire/check-wire.ts';
import type { ClientOutlook, SignInObservation } from './sign-in-observation.ts';

type Details = readonly (readonly [name: string, value: string])[];

/** One finding about a server: the texts of the table, with the name of the server in them. */
export function linkOf(
  server: McpServer,
  finding: FindingId,
  message: string = signInFindings[finding].summary,
  details: Details = [],
): SignInLink {
  const { link, status, fixedBy, fix }: Finding = signInFindings[finding];
  return defined({
    link,
    finding,
    status,
    message: oneLine(message, longestMessage),
    fixedBy,
    fix: fix && named(fix, server),
    page: findingPage(finding),
    details:
      details.length === 0
        ? undefined
        : details.slice(0, mostDetails).map(([name, value]) => ({
            name: oneLine(name, longestMessage),
            value: oneLine(value, longestDetail),
          })),
  });
}

const longestMessage = 1_024;
/** The address of an authorization request, with 100 scopes. */
const longestDetail = 32_768;
const mostDetails = 30;

/** A text of the table for this server, as a terminal shows it. */
const named = (text: string, server: McpServer): string =>
  text.replaceAll('`', '').replaceAll('NAME', qualifiedName(server));

/** Whether a person could sign in: what is broken about a session ends with a new sign-in. */
export const signInCheck = (links: readonly SignInLink[]): SignInCheck => ({
  possible: links.every(
    ({ status, link }) => status !== 'broken' || link === 'session' || link === 'verification',
  ),
  links: [...links],
});

/**
 * The links of the way to an issuer, from the server up to the authorization request. The first
 * broken one is the last.
 */
export function discoveryLinks(server: McpServer, seen: SignInObservation): readonly SignInLink[] {
  const { failure } = seen;
  const all = [
    ...challengeLinks(server, seen),
    ...resourceLinks(server, seen),
    ...issuerLinks(server, seen),
    ...metadataLinks(server, seen),
    ...clientLinks(server, seen),
  ];
  return failure === undefined
    ? all
    : [
        ...all,
        linkOf(server, failure.finding, failure.message, placesBehind(seen, failure.finding)),
      ];
}

function challengeLinks(
  server: McpServer,
  { resource, target }: SignInObservation,
): readonly SignInLink[] {
  if (resource === undefined)
    return target === undefined ? [] : [linkOf(server, 'server-inside-cluster')];
  const { status = 0, schemes } = resource.challenge;
  const http = status === 0 ? 'The server answered' : `The server answered HTTP ${String(status)}`;
  const isNamed = resource.places.some(({ of }) => of === 'challenge');
  if (isNamed)
    return [
      linkOf(
        server,
        'challenge-good',
        `${http} with a Bearer challenge that names the resource metadata.`,
      ),
    ];
  if (schemes.includes('bearer'))
    return [
      linkOf(
        server,
        'challenge-without-address',
        `${http} with a Bearer challenge without resource_metadata.`,
      ),
    ];
  if (status === 401 || status === 403) {
    const others =
      schemes.length === 0 ? 'no challenge' : `only the challenges ${schemes.join(', ')}`;
    return [
      linkOf(server, 'challenge-missing', `${http} with ${others}, and no Bearer challenge.`),
    ];
  }
  return [linkOf(server, 'challenge-not-given', `${http} to a request without a token.`)];
}

function resourceLinks(
  server: McpServer,
  { resource, target }: SignInObservation,
): readonly SignInLink[] {
  if (resource === undefined) return [];
  const places = resource.places.filter(({ of }) => of !== 'origin');
  const tried = detailsOf(places);
  const good = places.find(({ answer }) => answer.kind === 'usable');
  if (good !== undefined)
    return [
      places[0] === good
        ? linkOf(
            server,
            'resource-metadata-good',
            `${good.address} is about this server and names its issuer.`,
            tried,
          )
        : linkOf(
            server,
            'resource-metadata-elsewhere',
            `${good.address} is good. A place that is asked before it is not.`,
            tried,
          ),
    ];
  if (resource.metadata !== undefined)
    return [linkOf(server, 'resource-metadata-without-issuer', undefined, tried)];
  // Without a target, the failure says it, with the same places.
  return target === undefined
    ? []
    : [linkOf(server, 'resource-metadata-missing', undefined, tried)];
}

function issuerLinks(
  server: McpServer,
  { resource, target }: SignInObservation,
): readonly SignInLink[] {
  if (target === undefined) return [];
  const { issuer, from } = target;
  switch (from) {
    case 'pin':
      return [linkOf(server, 'issuer-pinned', `spec.auth.authorizationServer names ${issuer}.`)];
    case 'server': {
      const others = (resource?.metadata?.issuers.length ?? 1) - 1;
      const more = others === 0 ? '' : ` It names ${String(others)} more.`;
      return [linkOf(server, 'issuer-named', `The server names ${issuer}.${more}`)];
    }
    case 'origin':
      return [
        linkOf(
          server,
          'issuer-by-origin',
          `The origin of the server names ${issuer}.`,
          detailsOf(resource?.places.filter(({ of }) => of === 'origin') ?? []),
        ),
      ];
  }
}

function metadataLinks(
  server: McpServer,
  { issuer, target }: SignInObservation,
): readonly SignInLink[] {
  if (issuer?.named === undefined) return [];
  const tried = detailsOf(issuer.places);
  const good = issuer.places.findLast(({ answer }) => answer.kind === 'usable');
  const links = [
    good === undefined || issuer.places[0] === good
      ? linkOf(
          server,
          'issuer-metadata-good',
          `${good?.address ?? issuer.issuer} names this issuer.`,
          tried,
        )
      : linkOf(
          server,
          'issuer-metadata-elsewhere',
          `${good.address} is good. A place that is asked before it is not.`,
          tried,
        ),
  ];
  if (target !== undefined && issuer.named !== target.issuer)
    links.push(
      linkOf(
        server,
        'issuer-slash',
        `The server or its MCPServer names ${target.issuer}, and the issuer names itself ${issuer.named}.`,
      ),
    );
  links.push(linkOf(server, issuer.pkce === 'bySetting' ? 'pkce-by-setting' : 'pkce-good'));
  return links;
}

function clientLinks(
  server: McpServer,
  { client, issuer, authorizationRequest: request }: SignInObservation,
): readonly SignInLink[] {
  if (client === undefined) return [];
  const link = clientLink(server, client, issuer?.named ?? '');
  return request === undefined
    ? [link]
    : [link, linkOf(server, 'authorization-request', undefined, [['URL', request]])];
}

function clientLink(server: McpServer, client: ClientOutlook, issuer: string): SignInLink {
  const callback = ['Callback URL', client.callback] as const;
  switch (client.kind) {
    case 'configured':
      return linkOf(
        server,
        'client-configured',
        `OAUTH_CLIENTS has the client ${client.clientId}.`,
        [callback],
      );
    case 'document':
      return linkOf(server, 'client-document', `The issuer reads ${client.clientId}.`, [callback]);
    case 'registered':
      return linkOf(
        server,
        'client-registered',
        `muster is registered there as ${client.clientId}.`,
        [callback],
      );
    case 'registrable':
      return linkOf(
        server,
        'client-registrable',
        `The next sign-in registers muster at ${client.endpoint}.`,
        [callback],
      );
    case 'missing':
      return linkOf(server, 'client-missing', undefined, [
        callback,
        ['OAUTH_CLIENTS', JSON.stringify([{ issuer, id: 'CLIENT_ID', secret: 'CLIENT_SECRET' }])],
      ]);
    case 'unsupported':
      return linkOf(
        server,
        'client-authentication-unsupported',
        `The issuer requires ${client.methods.join(', ') || 'an unknown client authentication'}.`,
        [callback],
      );
  }
}

/** The places that a failure is about. */
function placesBehind({ resource, issuer }: SignInObservation, finding: FindingId): Details {
  const isOfIssuer = ['issuer metadata', 'PKCE'].includes(signInFindings[finding].link);
  return detailsOf((isOfIssuer ? issuer?.places : resource?.places) ?? []);
}

const detailsOf = (places: readonly Place[]): Details =>
  places.map(({ address, answer, redirectedTo }) => [
    address,
    redirectedTo === undefined
      ? answerText(answer)
      : `${answerText(answer)}, after a redirect to ${redirectedTo}`,
  ]);
