/**
 * One issuer on loopback that can be any of those that people have. It signs people in to muster
 * (OpenID Connect) and to MCP servers (OAuth): a real key, PKCE checked, codes that work once,
 * rotation with the end of a family on reuse, revocation, registration, token exchange.
 *
 * A test that needs a new condition adds an option to `IssuerQuirks` with its source, and the line
 * here that does it. `become` changes what it does from then on.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { text as bodyText } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { defined } from '../../functions/model/defined.ts';
import type { Certificate } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';
import type { Client } from './client-book.ts';
import type { Changes, IssuerQuirks } from './issuer-quirks.ts';
import { changed, json, page, refuse, sendPlace } from './place-answer.ts';
import { type Said, tokenDesk } from './token-desk.ts';

/** A request that an issuer got: where, and the parameters of its query and its form or JSON. */
export type Asked = {
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly hasToken: boolean;
};

export type WildIssuer = {
  /** Its name, without a slash at its end. */
  readonly url: string;
  readonly become: (changes: Changes<IssuerQuirks>) => void;
  /** Whether this is an access token of its own that works, for this resource where it has one. */
  readonly accepts: (token: string, resource?: string) => boolean;
  /** What a token was made for: audiences and scopes. */
  readonly madeFor: (token: string) => readonly string[];
  /** As if the lifetime of all access tokens were over. */
  readonly endAccessTokens: () => void;
  /** An administrator ends all sessions: no token works any more. */
  readonly endSessions: () => void;
  /** A restart without a store: it knows none of its clients. */
  readonly forgetClients: () => void;
  readonly asked: readonly Asked[];
  /** Everything it gave out that must not be seen. */
  readonly secrets: ReadonlySet<string>;
  readonly close: () => Promise<void>;
};

export async function startWildIssuer(
  first: IssuerQuirks = {},
  { tls }: { readonly tls?: Certificate | undefined } = {},
): Promise<WildIssuer> {
  let quirks = first;
  const asked: Asked[] = [];
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  };
  const server =
    tls === undefined
      ? createServer(serve)
      : createHttpsServer({ cert: tls.certPem, key: tls.keyPem }, serve);
  const { port, close } = await listen(server);
  const origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const url = `${origin}${first.path ?? ''}`;
  const desk = await tokenDesk(url, () => quirks);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = new URL(request.url ?? '/', origin);
    const body = await bodyText(request);
    const form = body.startsWith('{') ? new URLSearchParams() : new URLSearchParams(body);
    asked.push({
      path: at.pathname,
      parameters: { ...Object.fromEntries(at.searchParams), ...Object.fromEntries(form) },
      hasToken: request.headers.authorization?.startsWith('Bearer ') === true,
    });
    const place = placeOf(at.pathname, first.path ?? '');
    if (place !== undefined)
      return sendPlace(response, quirks.places?.[place] ?? 'document', () =>
        metadata(url, quirks, place),
      );
    switch (at.pathname.slice((first.path ?? '').length)) {
      case '/jwks':
        return json(response, 200, desk.keys);
      case '/register':
        return register(response, body);
      case '/authorize':
        return authorize(request, response, at.searchParams, form);
      case '/token':
        await wait(quirks.tokenDelayMs ?? 0);
        return sendSaid(response, await desk.token(form, request.headers.authorization));
      case '/revoke':
        return sendSaid(response, desk.revoke(form, request.headers.authorization));
      default:
        json(response, 404, {});
    }
  }

  function register(response: ServerResponse, body: string): void {
    const { refusesRegistration: refusal, noRegistration, registrationStatus = 201 } = quirks;
    if (noRegistration) return json(response, 404, {});
    if (refusal !== undefined) return refuse(response, refusal);
    const wanted: { redirect_uris?: readonly string[]; token_endpoint_auth_method?: string } =
      JSON.parse(body);
    const client = desk.addClient({
      redirectUris: wanted.redirect_uris ?? [],
      authentication: quirks.secretBy ?? wanted.token_endpoint_auth_method ?? 'none',
    });
    json(response, registrationStatus, {
      ...(quirks.nulls
        ? { client_secret: null, client_secret_expires_at: null, scope: null, jwks: null }
        : {}),
      ...defined({
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [...client.redirectUris],
        token_endpoint_auth_method: client.authentication,
      }),
    });
  }

  async function authorize(
    { method }: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    form: URLSearchParams,
  ): Promise<void> {
    const redirectUri = query.get('redirect_uri') ?? '';
    const client = desk.client(query.get('client_id') ?? '');
    const isKnown = client !== undefined;
    if (!isKnown && quirks.unknownClient !== 'redirect')
      return page(response, 400, 'Client not found');
    if (isKnown && !allowsRedirect(client, redirectUri, quirks))
      return page(response, 400, 'Invalid redirect_uri');
    const back = new URL(redirectUri);
    const iss = quirks.issOfAnother ? 'https://another.example' : url;
    const go = (parameters: Readonly<Record<string, string>>): void => {
      for (const [name, value] of Object.entries(parameters)) back.searchParams.set(name, value);
      back.searchParams.set('state', query.get('state') ?? '');
      if (!quirks.noIss) back.searchParams.set('iss', quirks.issSlash ? `${iss}/` : iss);
      response.writeHead(302, { location: back.href }).end();
    };
    if (!isKnown) return go({ error: 'invalid_client', error_description: 'Unknown client.' });
    const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
    const unknown = scopes.find((scope) => quirks.scopes?.includes(scope) === false);
    if (unknown !== undefined)
      return go({ error: 'invalid_scope', error_description: `Unrecognized scope ${unknown}` });
    if (query.get('code_challenge_method') !== 'S256' || !query.has('code_challenge'))
      return go({ error: 'invalid_request', error_description: 'PKCE with S256 is required' });
    if (quirks.refusesResource?.at === 'always' && query.has('resource'))
      return go({ error: 'invalid_target', error_description: 'AADSTS9010010' });
    if (method !== 'POST') return page(response, 200, signInForm(query));
    const { declines } = quirks;
    if (declines !== undefined)
      return go(defined({ error: declines.error, error_description: declines.description ?? '' }));
    const email = form.get('persona') ?? '';
    go({ code: desk.code({ client, redirectUri, query, email, scopes }) });
  }

  return {
    url,
    become: (changes) => {
      quirks = changed(quirks, changes);
    },
    ...desk,
    asked,
    close,
  };
}

/** Which of the three well-known places this is, in the order of the MCP specification. */
function placeOf(pathname: string, path: string): 'oauth' | 'openid' | 'appended' | undefined {
  if (pathname === `/.well-known/oauth-authorization-server${path}`) return 'oauth';
  if (pathname === `/.well-known/openid-configuration${path}`) return 'openid';
  return pathname === `${path}/.well-known/openid-configuration` ? 'appended' : undefined;
}

function metadata(url: string, quirks: IssuerQuirks, place: string): Record<string, unknown> {
  const { pkceList = 'listed', authenticationMethods = ['none', 'client_secret_basic'] } = quirks;
  const pkce = {
    listed: ['S256'],
    absent: undefined,
    plainOnly: ['plain'],
    openidOnly: place === 'oauth' ? undefined : ['S256'],
    null: null,
  }[pkceList];
  return {
    ...(quirks.nulls
      ? {
          registration_endpoint: null,
          revocation_endpoint: null,
          scopes_supported: null,
          jwks_uri: null,
          client_id_metadata_document_supported: null,
          authorization_response_iss_parameter_supported: null,
        }
      : {}),
    ...defined({
      issuer: quirks.metadataSlash ? `${url}/` : url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      registration_endpoint: quirks.noRegistration ? undefined : `${url}/register`,
      revocation_endpoint: quirks.noRevocation ? undefined : `${url}/revoke`,
      jwks_uri: `${url}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: pkce,
      token_endpoint_auth_methods_supported: [...authenticationMethods],
      scopes_supported: quirks.scopes && [...quirks.scopes],
      authorization_response_iss_parameter_supported: quirks.noIss ? undefined : true,
      client_id_metadata_document_supported: quirks.documents === undefined ? undefined : true,
    }),
    ...quirks.announces,
  };
}

/** RFC 8252, section 7.3: the port of a loopback address is not compared. */
function allowsRedirect({ redirectUris }: Client, asked: string, quirks: IssuerQuirks): boolean {
  if (redirectUris.includes(asked)) return true;
  if (quirks.comparesPort || !URL.canParse(asked)) return false;
  const withoutPort = asked.replace(/^(http:\/\/127\.0\.0\.1):\d+/, '$1');
  return redirectUris.includes(withoutPort);
}

/** Any person may sign in: the browser plays who it is. */
const signInForm = (query: URLSearchParams): string =>
  `<form method="post" action="?${query.toString().replaceAll('&', '&amp;')}"><button name="persona" value="">Continue</button></form>`;

const sendSaid = (response: ServerResponse, said: Said): void =>
  said.kind === 'body' ? json(response, said.status, said.body) : refuse(response, said.refusal);
