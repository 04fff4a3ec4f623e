import type { GuardedFetch } from '../adapters/network/guarded-fetch.ts';
import { bearerVerifier } from '../adapters/oauth/bearer-verifier.ts';
import { once } from '../model/once.ts';
import type { BearerResult } from '../sessions/person.ts';
import type { ApiSettings } from '../settings.ts';

type Verify = (token: string) => Promise<BearerResult>;

/** Verifies the tokens of requests, and the ID tokens of sign-ins, which are mostly the same. */
export function tokenVerifiers({ issuer, clientId, bearerAudience, ...network }: ApiSettings): {
  readonly verify: Verify;
  readonly verifyIdToken: Verify;
} {
  const load = once(async () => (await import('./issuer-fetch.ts')).issuerFetch(network));
  const fetch: GuardedFetch = async (...request) => (await load())(...request);
  const verifyIdToken = bearerVerifier({ issuer, audience: clientId, kind: 'idToken', fetch });
  const verify =
    bearerAudience === undefined
      ? verifyIdToken
      : bearerVerifier({ issuer, audience: bearerAudience, kind: 'accessToken', fetch });
  return { verify, verifyIdToken };
}
