import { guardedFetch } from '../adapters/network/http.ts';
import { personIssuer, personIssuerMetadata } from '../adapters/oauth/person-issuer.ts';
import { defined } from '../model/defined.ts';
import { livePageOf } from '../model/live-page.ts';
import { recentCopy } from '../routes/recent-copy.ts';
import type { LiveSignInPorts } from '../sessions/live-sign-in.ts';
import type { ApiSettings } from '../settings.ts';
import { createIssuerConnector } from './network-client.ts';

/**
 * What the sign-in on the live page needs, in a module of its own: the first request for it loads
 * the OAuth client. The metadata of the issuer is read every ten minutes.
 */
export function livePorts(
  { publicUrl, issuer, clientId, signIn, bearerAudience, ...network }: ApiSettings,
  others: Omit<LiveSignInPorts, 'issuer' | 'client'> & { readonly now: () => Date },
): LiveSignInPorts {
  const redirectUri = livePageOf(publicUrl);
  const { scopes, optionalScopes, parameters, publicClientSecret: secret } = signIn;
  const resource = bearerAudience;
  const transport = {
    fetch: guardedFetch(createIssuerConnector(network)),
    // The settings let only an issuer on loopback have an http address.
    allowInsecure: issuer.startsWith('http:'),
  };
  const readMetadata = recentCopy({
    now: others.now,
    freshMs: 600_000,
    keptMs: 3_600_000,
    read: () => personIssuerMetadata(issuer, transport),
  });
  return {
    ...others,
    issuer: personIssuer(defined({ id: clientId, secret, redirectUri, resource }), {
      ...transport,
      readMetadata,
    }),
    client: defined({ clientId, redirectUri, scopes, optionalScopes, parameters, resource }),
  };
}
