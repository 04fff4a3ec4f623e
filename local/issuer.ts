/**
 * A real OpenID and OAuth issuer on loopback. One instance signs people in to muster, another one
 * protects MCP servers.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  createServer as createHttpServer,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  type ClientMetadata,
  type Configuration,
  interactionPolicy,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider';
import type { Certificate } from './certificates.ts';
import { type Exchange, offerExchange } from './exchange-grant.ts';
import { listenLocally } from './listen.ts';
import { issuerMemory } from './issuer-memory.ts';

/** A person who can sign in with one click. `subject` becomes `sub`. */
export type Persona = { readonly subject: string; readonly email: string; readonly name: string };

export const ada: Persona = { subject: 'ada', email: 'ada@example.com', name: 'Ada Lovelace' };
export const grace: Persona = {
  subject: 'grace',
  email: 'grace@example.com',
  name: 'Grace Hopper',
};

export type IssuerOptions = {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Registered besides `muster-cli`. */
  readonly clients?: readonly ClientMetadata[];
  readonly personas?: readonly Persona[];
  /** Serve https with this certificate; it must be valid for 127.0.0.1. */
  readonly tls?: Certificate;
  /** Scopes that its MCP servers know, besides those of OpenID. */
  readonly scopes?: readonly string[];
  /** Dynamic client registration (RFC 7591). */
  readonly registration?: boolean;
  /**
   * Accepts https addresses of client metadata documents as client ids, fetched with this function.
   */
  readonly clientDocuments?: Configuration['fetch'];
  /** Token exchange (RFC 8693) as Dex documents it, for ID tokens of another issuer. */
  readonly exchange?: Exchange;
  /** How clients may authenticate at the token endpoint. */
  readonly tokenAuthentication?: NonNullable<Configuration['clientAuthMethods']>;
  readonly accessTokenSeconds?: number;
  readonly idTokenSeconds?: number;
  readonly refreshTokenSeconds?: number;
};

export type Issuer = {
  /** The issuer identifier, without a slash at its end. */
  readonly url: string;
  readonly close: () => Promise<void>;
};

/**
 * The public client of the `muster` command line: PKCE, no secret, a loopback page on any port,
 * device authorization.
 */
export const commandLineClient: ClientMetadata = {
  client_id: 'muster-cli',
  client_name: 'muster',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: [
    'authorization_code',
    'refresh_token',
    'urn:ietf:params:oauth:grant-type:device_code',
  ],
  response_types: ['code'],
  redirect_uris: [
    'http://127.0.0.1/callback',
    'http://localhost/callback',
    'http://[::1]/callback',
    // The live page, at any port.
    'http://127.0.0.1/live/',
    'http://localhost/live/',
  ],
};

/** Starts one. Throws `PortInUse` when the port is taken. */
export async function startIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const { tls, personas = [ada, grace] } = options;
  let listener: RequestListener = (_request, response) => response.writeHead(503).end();
  const relay: RequestListener = (request, response) => listener(request, response);
  const server =
    tls === undefined
      ? createHttpServer(relay)
      : createHttpsServer({ cert: tls.certPem, key: tls.keyPem }, relay);
  const { port, close } = await listenLocally(server, options.port);

  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const key = signingKey();
  const provider = new Provider(url, configuration(options, personas, port, key));
  if (options.exchange !== undefined) offerExchange(provider, options.exchange, key);
  const answer = provider.callback();
  const login = loginPage(provider, personas);
  listener = (request, response) => {
    if (request.url?.startsWith('/interaction/')) login(request, response);
    else void answer(request, response);
  };
  return { url, close };
}

/** Sets everything that oidc-provider would otherwise warn about, so nothing is printed. */
function configuration(
  options: IssuerOptions,
  personas: readonly Persona[],
  port: number,
  key: SigningKey,
): Configuration {
  const {
    accessTokenSeconds = 3_600,
    idTokenSeconds = 3_600,
    refreshTokenSeconds = 30 * 86_400,
  } = options;
  const scopes = options.scopes ?? ['mcp'];
  const policy = interactionPolicy.base();
  policy.remove('consent');
  return {
    adapter: issuerMemory(),
    clients: [commandLineClient, ...(options.clients ?? [])],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    ...(options.tokenAuthentication && {
      clientAuthMethods: [...options.tokenAuthentication, 'none'],
    }),
    clientBasedCORS: () => false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    // Cookies ignore ports: two issuers on one address would overwrite each other's cookies.
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: {
        session: `_session_${port}`,
        interaction: `_interaction_${port}`,
        resume: `_resume_${port}`,
      },
    },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: options.registration ?? true },
      revocation: {
        enabled: true,
        allowedPolicy: async (_context, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: { enabled: false },
      deviceFlow: { enabled: true, userCodeInputSource, userCodeConfirmSource, successSource },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: async (_context, resource) => ({
          scope: scopes.join(' '),
          audience: resource,
          accessTokenTTL: accessTokenSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
      ...(options.clientDocuments === undefined
        ? {}
        : { clientIdMetadataDocument: { enabled: true, ack: 'draft-02' } }),
    },
    ...(options.clientDocuments === undefined ? {} : { fetch: options.clientDocuments }),
    findAccount: async (_context, subject) => {
      const persona = personas.find((persona) => persona.subject === subject);
      if (persona === undefined) return undefined;
      return {
        accountId: subject,
        claims: async () => ({
          sub: subject,
          email: persona.email,
          email_verified: true,
          name: persona.name,
        }),
      };
    },
    interactions: {
      policy,
      url: async (_context, interaction) => `/interaction/${interaction.uid}`,
    },
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [key] },
    loadExistingGrant: grantWhatIsAsked,
    pkce: { required: () => true },
    renderError: async (context, { error, error_description: description }) => {
      context.type = 'html';
      context.body = page('The sign-in failed', `<p>${escapeHtml(description ?? error)}</p>`);
    },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access'],
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      ClientCredentials: accessTokenSeconds,
      DeviceCode: 600,
      Grant: refreshTokenSeconds,
      IdToken: idTokenSeconds,
      Interaction: 600,
      RefreshToken: refreshTokenSeconds,
      Session: refreshTokenSeconds,
    },
  };
}

/**
 * No consent step: whatever a client asks for is granted, by a grant of its own for every sign-in.
 */
async function grantWhatIsAsked({ oidc }: KoaContextWithOIDC) {
  const { account, client } = oidc;
  if (account === undefined || client === undefined) return undefined;
  const grant = new oidc.provider.Grant({
    accountId: account.accountId,
    clientId: client.clientId,
  });
  grant.addOIDCScope(oidc.requestParamOIDCScopes);
  for (const [resource, { scopes }] of Object.entries(oidc.resourceServers ?? {})) {
    const asked = [...oidc.requestParamScopes].filter((scope) => scopes.has(scope));
    grant.addResourceScope(resource, asked);
  }
  await grant.save();
  return grant;
}

// ES256: making an RSA key takes longer than everything else at the start.
const signingKey = () => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  alg: 'ES256',
});
type SigningKey = ReturnType<typeof signingKey>;

/**
 * `GET /interaction/UID` shows one button for each persona, `POST` with `persona=EMAIL` signs that
 * one in.
 */
function loginPage(provider: Provider, personas: readonly Persona[]): RequestListener {
  const buttons = personas.map(
    ({ email, name }) =>
      `<button name="persona" value="${escapeHtml(email)}">Continue as ${escapeHtml(name)} (${escapeHtml(email)})</button>`,
  );
  const serve = async (...[request, response]: Parameters<RequestListener>) => {
    if (request.method !== 'POST')
      return send(response, 200, page('Sign in', `<form method="post">${buttons.join('')}</form>`));
    const email = new URLSearchParams(await bodyOf(request)).get('persona');
    const persona = personas.find((persona) => persona.email === email);
    if (persona === undefined)
      return send(
        response,
        400,
        page('Unknown person', '<p>Go back and choose one of the persons.</p>'),
      );
    await provider.interactionFinished(request, response, {
      login: { accountId: persona.subject },
    });
  };
  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      send(
        response,
        400,
        page(
          'The sign-in failed',
          `<p>${escapeHtml(error instanceof Error ? error.message : 'Start the sign-in again.')}</p>`,
        ),
      );
    });
  };
}

async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, html: string): void {
  response
    .writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    .end(html);
}

async function userCodeInputSource(context: KoaContextWithOIDC, form: string): Promise<void> {
  context.body = page(
    'Enter the code that your device shows',
    `${form}<button form="op.deviceInputForm">Continue</button>`,
  );
}

async function userCodeConfirmSource(
  context: KoaContextWithOIDC,
  form: string,
  _client: unknown,
  _device: unknown,
  code: string,
): Promise<void> {
  const question = `<p>Does your device show <b>${escapeHtml(code)}</b>?</p>`;
  context.body = page(
    'Confirm the code',
    `${question}${form}<button form="op.deviceConfirmForm">Yes, continue</button>`,
  );
}

async function successSource(context: KoaContextWithOIDC): Promise<void> {
  context.body = page(
    'You are signed in',
    '<p>You can close this page and return to your device.</p>',
  );
}

const page = (title: string, body: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:1rem system-ui;max-width:30rem;margin:4rem auto;padding:0 1rem}button{display:block;font:inherit;margin:.5rem 0;padding:.5rem 1rem}</style>
<h1>${title}</h1>${body}</html>`;

const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
