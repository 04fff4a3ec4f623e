import { oneLine } from '../../model/outside-text.ts';

/**
 * What the owner of muster can do where an issuer takes no registration: the callback to register
 * there, and the entry for OAUTH_CLIENTS, both ready to paste.
 */
export const byHand = (issuer: string, callback: string): string =>
  `The owner of muster can register a client there with the callback URL ${callback} and add it to OAUTH_CLIENTS: {"issuer":${JSON.stringify(oneLine(issuer, 300))},"id":"...","secret":"..."}.`;

/**
 * What the administrator of a Keycloak can change. Its default policies refuse every registration
 * from a host that it does not trust, with 403 and this name in the description (Keycloak 26.7.3;
 * dnotitia/akb#635).
 */
export const keycloakAdvice = (description: string, callback: string): string | undefined =>
  /trusted hosts/i.test(description)
    ? `An administrator of this Keycloak can change the client registration policy "Trusted Hosts": add the host ${new URL(callback).hostname} and turn off "Host Sending Client Registration Request Must Match".`
    : undefined;
