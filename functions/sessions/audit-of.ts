/** Which security event the result of a flow is; undefined where it is none. */
import type { AuditEvent } from '../model/audit-event.ts';
import { defined } from '../model/defined.ts';
import type { McpServer } from '../model/mcpserver.ts';
import { repeatsSecret } from '../model/secret-pieces.ts';
import type { PersonKey } from './grant.ts';
import { refusal, type TokenPolicy } from './policy.ts';
import type { CallbackResult, CompleteResult, StartResult } from './signin.ts';
import type { ReleaseResult } from './token-release.ts';
import type { VerifyResult } from './verification.ts';

type About = { readonly person: PersonKey; readonly serverUid: string };

/** Who did something about which server, without anything else that is known of the person. */
export const aboutServer = ({ issuer, subject }: PersonKey, { uid }: McpServer): About => ({
  person: { issuer, subject },
  serverUid: uid,
});

export function startEvent(about: About, started: StartResult): AuditEvent | undefined {
  switch (started.kind) {
    case 'refused':
      return { kind: 'signInRefused', ...about, reason: 'notStarted' };
    case 'noTokens':
      return { kind: 'signInRefused', ...about, reason: 'policy' };
    case 'started':
    case 'badReturnTo':
    case 'nothingToSignInTo':
      return undefined;
  }
}

export function callbackEvent(called: CallbackResult): AuditEvent | undefined {
  switch (called.kind) {
    case 'parked':
      return undefined;
    case 'declined':
    case 'notNamed': {
      const { starter, serverUid } = called.signIn;
      const reason = called.kind === 'declined' ? 'declined' : 'anotherIssuer';
      return { kind: 'signInRefused', person: starter, serverUid, reason };
    }
    case 'unknown':
      return { kind: 'signInRefused', reason: 'unknownState' };
  }
}

export function completeEvent(about: About, completed: CompleteResult): AuditEvent {
  switch (completed.kind) {
    case 'completed':
      return { kind: 'signInCompleted', ...about };
    case 'unknown':
      return { kind: 'signInRefused', ...about, reason: 'unknownSecret' };
    case 'serverChanged':
      return { kind: 'signInRefused', ...about, reason: 'serverChanged' };
    case 'refused':
      return { kind: 'signInRefused', ...about, reason: 'byIssuer' };
  }
}

/** An access token that left. A hostile issuer may write the token into its scopes. */
export function releaseEvent(
  about: About,
  thumbprint: string,
  { grant, accessToken, refreshed }: Extract<ReleaseResult, { kind: 'released' }>,
): AuditEvent {
  const scopes = grant.scopes.filter((scope) => !repeatsSecret(scope, accessToken));
  return defined({
    kind: 'tokenReleased',
    ...about,
    thumbprint,
    scopes: repeatsSecret(scopes.join(''), accessToken) ? [] : scopes,
    expiresAt: grant.expiresAt,
    refreshed,
  });
}

/** Single sign-on that was refused by the owner's settings, the server or the issuer. */
export function verifyEvent(
  person: PersonKey,
  server: McpServer,
  { grant }: VerifyResult,
  policy: TokenPolicy,
): AuditEvent | undefined {
  const { singleSignOn } = server;
  if (singleSignOn === undefined) return undefined;
  const by = refusal(server, policy) === undefined ? grant?.refused?.by : ('policy' as const);
  if (by === undefined) return undefined;
  const kind = singleSignOn === 'forwarding' ? 'forwardingRefused' : 'exchangeRefused';
  return { kind, ...aboutServer(person, server), reason: by };
}
