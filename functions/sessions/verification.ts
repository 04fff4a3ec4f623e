/** One authenticated request to the server decides whether a grant works; the answer is stored. */
import type { McpServer } from '../model/mcpserver.ts';
import type { Grant, StoredGrant, Tokens } from './grant.ts';
import type { Clock, GrantStore } from './ports.ts';

/** What the server answered to one request with a token. */
export type VerificationResult =
  | { readonly kind: 'accepted' }
  /** 401. The message contains no secrets. */
  | { readonly kind: 'refused'; readonly message: string }
  /** 403 with `insufficient_scope` (RFC 6750): the scopes that the server requires. */
  | { readonly kind: 'insufficientScope'; readonly scopes: readonly string[] }
  /** Neither yes nor no: the server is down, busy, or answered something else. */
  | { readonly kind: 'unclear'; readonly message: string };

export type VerificationPorts = Clock &
  Pick<GrantStore, 'putGrant' | 'replaceGrant'> & {
    readonly verifyToken: (server: McpServer, token: string) => Promise<VerificationResult>;
  };

/** The grant as it is now, and why it could not be verified. */
export type VerifyResult = { readonly grant?: Grant; readonly message?: string };

/** Stores a new grant, asks the server, and stores its answer. */
export async function saveVerified(
  ports: VerificationPorts,
  server: McpServer,
  grant: Grant,
  tokens: Tokens,
): Promise<VerifyResult> {
  const generation = await ports.putGrant(grant, tokens);
  const result = await ports.verifyToken(server, tokens.accessToken);
  return recordVerification(ports, { grant, tokens, generation }, result);
}

/** Stores the server's answer about these tokens, unless newer tokens are stored by now. */
export async function recordVerification(
  ports: VerificationPorts,
  held: StoredGrant,
  result: VerificationResult,
): Promise<VerifyResult> {
  if (result.kind === 'unclear') return { grant: held.grant, message: result.message };
  const grant = applyVerification(held.grant, result, ports.now());
  await ports.replaceGrant({ ...held, grant }, held.generation);
  return { grant };
}

/** The grant with the server's answer in it. */
export function applyVerification(
  grant: Grant,
  result: Exclude<VerificationResult, { kind: 'unclear' }>,
  now: Date,
): Grant {
  const { refused: _refused, ...rest } = grant;
  switch (result.kind) {
    case 'accepted':
      return { ...rest, lastVerified: now };
    case 'refused':
      return { ...rest, refused: { at: now, by: 'server', message: result.message } };
    case 'insufficientScope': {
      const missing = result.scopes.filter((scope) => !grant.scopes.includes(scope));
      const message =
        missing.length > 0
          ? `The server requires more scopes: ${missing.join(' ')}.`
          : 'The server reports missing scopes, but names none that the grant lacks.';
      // Each further sign-in has to add a scope: a server cannot send people in circles.
      const wanted = missing.length > 0 ? { missingScopes: missing } : {};
      return { ...rest, refused: { at: now, by: 'server', message, ...wanted } };
    }
  }
}
