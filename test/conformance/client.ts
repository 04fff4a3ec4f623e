/**
 * The client that the MCP conformance suite runs: `node test/conformance/client.ts SERVER_URL`. Our
 * own sign-in with a browser that follows redirects, then what a client does with the grant. Exit
 * code 0: the server let us in.
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { resolver } from '../../functions/adapters/network/dns.ts';
import { trustStore } from '../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../functions/adapters/network/http.ts';
import { oauthClient } from '../../functions/adapters/oauth/oauth-client.ts';
import { challengeReader } from '../../functions/adapters/mcp/challenge-reader.ts';
import { tokenVerifier } from '../../functions/adapters/mcp/token-verifier.ts';
import { sealer } from '../../functions/adapters/dynamodb/seal.ts';
import { sessionStore } from '../../functions/adapters/dynamodb/session-store.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import type { Grant } from '../../functions/sessions/grant.ts';
import { nothingAllowed } from '../../functions/sessions/policy.ts';
import {
  callBack,
  completeSignIn,
  type SignInPorts,
  startSignIn,
} from '../../functions/sessions/signin.ts';
import type { VerificationResult } from '../../functions/sessions/verification.ts';
import { memoryTable } from '../../local/memory-table.ts';
import { aPerson } from '../world/person.ts';
import { aServer, connected } from '../world/server.ts';
import { defined } from '../../functions/model/defined.ts';
import { scopesIn } from '../../functions/model/scopes.ts';
import { bearerChallengeIn } from '../../functions/adapters/network/challenges.ts';

const contextSchema = z.looseObject({
  client_id: z.optional(z.string()),
  client_secret: z.optional(z.string()),
});
const context = contextSchema.parse(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}'));
const serverUrl = process.argv.at(-1) ?? '';
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'];
const server = aServer({ url: serverUrl, status: connected('True') });
const person = aPerson();
const now = () => new Date();
const connector = {
  guard: addressGuard({ allowLocal: true }),
  resolve: resolver(),
  secureContext: trustStore(),
};
const guarded = guardedFetch(connector);
const store = sessionStore({
  table: memoryTable(),
  sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
  now,
});

/**
 * As `muster auth login --server`: a server that wants more scopes gets them asked for, twice at
 * most.
 */
async function signIn(ports: SignInPorts): Promise<Grant> {
  for (let round = 1; ; round += 1) {
    const started = await startSignIn(ports, server, person);
    if (started.kind !== 'started') throw new Error(JSON.stringify(started));
    const callback = await visit(started.authorizationUrl);
    const { state = '', code = '', iss } = Object.fromEntries(callback.searchParams);
    const called = await callBack(
      ports,
      callback.pathname.split('/').at(-1) ?? '',
      state,
      defined({
        code,
        iss,
      }),
    );
    if (called.kind !== 'parked') throw new Error(called.kind);
    const completed = await completeSignIn(ports, server, person, called.secret);
    if (completed.kind !== 'completed' || completed.grant === undefined)
      throw new Error(JSON.stringify(completed));
    const { refused } = completed.grant;
    if (refused === undefined) return completed.grant;
    // The next command of SESSION is to sign in again.
    if (round === 3) throw new Error(refused.message);
  }
}

/** The browser of somebody whom the issuer knows already: it is sent straight back. */
async function visit(address: URL): Promise<URL> {
  const answer = await fetch(address, { redirect: 'manual' });
  return new URL(answer.headers.get('location') ?? '', address);
}

/**
 * Our proof, then the requests of a client that uses the server: what it is refused there counts as
 * well.
 */
async function verifyToken(proven: McpServer, token: string): Promise<VerificationResult> {
  const proof = await tokenVerifier(connector)(proven, token);
  if (proof.kind !== 'accepted') return proof;
  const ask = async (method: string, params: object, session?: string | null) =>
    fetch(serverUrl, {
      method: 'POST',
      headers: defined({
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': session || undefined,
      }),
      body: JSON.stringify(
        defined({
          jsonrpc: '2.0',
          id: method.startsWith('notifications/') ? undefined : 1,
          method,
          params,
        }),
      ),
    });
  const clientInfo = { name: 'muster', version: '1' };
  const opened = await ask('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo,
  });
  const session = opened.headers.get('mcp-session-id');
  await ask('notifications/initialized', {}, session);
  for (const [method, params] of [
    ['tools/list', {}],
    ['tools/call', { name: 'test-tool', arguments: {} }],
  ] as const) {
    const answer = await ask(method, params, session);
    const { scope = '' } = await bearerChallengeIn(answer.clone());
    if (answer.status === 401) return { kind: 'refused', message: `${method} was refused` };
    if (answer.status === 403) return { kind: 'insufficientScope', scopes: scopesIn(scope) };
  }
  return { kind: 'accepted' };
}

const { client_id: id, client_secret: secret } = context;
const oauth = (issuer?: string) =>
  oauthClient(
    defined({
      fetch: guarded,
      readChallenge: challengeReader(guarded),
      // Client metadata documents are for those who are reached over https.
      publicUrl:
        scenario === 'auth/basic-cimd' ? 'https://muster.example.com' : 'http://127.0.0.1:8787',
      allowInsecure: true,
      now,
      clients: store,
      configured:
        id === undefined || issuer === undefined
          ? undefined
          : [
              defined({
                issuer,
                id,
                secret,
              }),
            ],
    }),
  );
const secretText = () => randomBytes(32).toString('base64url');

/** A client registered by hand is registered at an issuer; here the server names it. */
async function issuerOfServer(): Promise<string | undefined> {
  if (id === undefined) return undefined;
  const answer = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', serverUrl));
  return z.object({ authorization_servers: z.array(z.string()) }).safeParse(await answer.json())
    .data?.authorization_servers[0];
}

try {
  await signIn({
    ...store,
    ...oauth(await issuerOfServer()),
    takeLimit: async () => ({ kind: 'allowed' }),
    now,
    newSecret: secretText,
    policy: { ...nothingAllowed, allowInsecure: true },
    verifyToken,
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
