/**
 * How long the fields of an MCPServer may be. Our CRD has the same limits; under the CRD of upstream
 * and for objects that are older than ours, they hold here.
 */
import { defined } from '../../model/defined.ts';
import type { Auth, McpServer } from '../../model/mcpserver.ts';
import { oneLine } from '../../model/outside-text.ts';

/** In characters, and in numbers of entries. The CRD has the same. */
export const specLimits = {
  url: 2048,
  description: 500,
  toolPrefix: 128,
  headers: 64,
  /** Not in the CRD: a schema has no limit for the names of a map. */
  headerName: 256,
  headerValue: 8192,
  audiences: 100,
  audience: 256,
  /** 100 scopes of 256 characters, separated by blanks. */
  scopes: 100 * 256 + 99,
  address: 2048,
  name: 253,
} as const;

/**
 * The server as it may be carried on. Texts that people only read are cut. One with a longer field
 * is `unusable`, without address, headers and `auth`: a part of them would mean something else.
 */
export function withinLimits(server: McpServer): McpServer {
  const { url, auth, description, toolPrefix, singleSignOn, ...rest } = server;
  const shown = defined({
    ...rest,
    description: cut(description, specLimits.description),
    toolPrefix: cut(toolPrefix, specLimits.toolPrefix),
  });
  const unusable = tooLong(server);
  return unusable === undefined
    ? { ...shown, ...defined({ url, auth }), singleSignOn }
    : { ...shown, headers: {}, singleSignOn: undefined, unusable };
}

const cut = (text: string | undefined, most: number): string | undefined =>
  text === undefined ? undefined : oneLine(text, most);

function tooLong({ url, headers, auth }: McpServer): string | undefined {
  const names = Object.keys(headers);
  const values = Object.values(headers);
  return (
    overText('spec.url', url, specLimits.url) ??
    overCount('spec.headers', names, specLimits.headers) ??
    firstOver('a header name in spec.headers', names, specLimits.headerName) ??
    firstOver('a header value in spec.headers', values, specLimits.headerValue) ??
    (auth === undefined ? undefined : tooLongAuth(auth))
  );
}

function tooLongAuth({
  requiredAudiences,
  tokenExchange: exchange,
  authorizationServer,
}: Auth): string | undefined {
  const audiences = 'spec.auth.requiredAudiences';
  const { issuer, scopes } = authorizationServer ?? {};
  const { clientCredentialsSecretRef: secret } = exchange ?? {};
  const addresses = [issuer, exchange?.dexTokenEndpoint, exchange?.expectedIssuer];
  const names = [
    exchange?.connectorId,
    secret?.name,
    secret?.namespace,
    secret?.clientIdKey,
    secret?.clientSecretKey,
  ];
  return (
    overCount(audiences, requiredAudiences, specLimits.audiences) ??
    firstOver(`an entry of ${audiences}`, requiredAudiences, specLimits.audience) ??
    firstOver('a list of scopes in spec.auth', [scopes, exchange?.scopes], specLimits.scopes) ??
    firstOver('an address in spec.auth', addresses, specLimits.address) ??
    firstOver('a name in spec.auth.tokenExchange', names, specLimits.name)
  );
}

const overText = (field: string, text: string | undefined, most: number): string | undefined =>
  text !== undefined && text.length > most
    ? `${field} is longer than ${most} characters`
    : undefined;

const firstOver = (
  field: string,
  texts: readonly (string | undefined)[],
  most: number,
): string | undefined =>
  texts.map((text) => overText(field, text, most)).find((problem) => problem !== undefined);

const overCount = (field: string, all: readonly string[], most: number): string | undefined =>
  all.length > most ? `${field} has more than ${most} entries` : undefined;
