import type * as oauth from 'oauth4webapi';
import { sameIssuer } from '../../model/issuer-identifier.ts';
import type { ClientOutlook } from '../../sessions/sign-in-observation.ts';
import {
  callbackUrl,
  clientDocument,
  readsDocument,
  type RegistrationOptions,
} from './registration.ts';

/**
 * Which client a sign-in at this issuer would use, in the order of `clientAt`: sends no request and
 * registers nothing.
 */
export async function clientOutlook(
  metadata: oauth.AuthorizationServer,
  {
    publicUrl,
    configured = [],
    clients,
  }: Pick<RegistrationOptions, 'publicUrl' | 'configured'> & {
    readonly clients: Pick<RegistrationOptions['clients'], 'getClient' | 'isDocumentRefused'>;
  },
): Promise<ClientOutlook> {
  const { issuer, registration_endpoint: endpoint } = metadata;
  const given = configured.find((client) => sameIssuer(client.issuer, issuer));
  if (given !== undefined)
    return {
      kind: 'configured',
      clientId: given.id,
      callback: callbackUrl(publicUrl, given.issuer),
    };
  const methods = metadata.token_endpoint_auth_methods_supported;
  const canRead = readsDocument(metadata) && publicUrl.startsWith('https:');
  if (canRead && (endpoint === undefined || !(await clients.isDocumentRefused(issuer)))) {
    const {
      client_id: clientId,
      redirect_uris: [document = ''],
    } = clientDocument(publicUrl);
    return { kind: 'document', clientId, callback: document };
  }
  const callback = callbackUrl(publicUrl, issuer);
  const known = await clients.getClient(issuer, callback);
  if (known !== undefined) return { kind: 'registered', clientId: known.id, callback };
  if (endpoint === undefined) return { kind: 'missing', callback };
  return methods === undefined || methods.some((method) => supported.has(method))
    ? { kind: 'registrable', endpoint, callback }
    : { kind: 'unsupported', methods: methods.slice(0, 10), callback };
}

const supported: ReadonlySet<string> = new Set([
  'none',
  'client_secret_basic',
  'client_secret_post',
]);
