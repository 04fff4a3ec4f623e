/** What an owner of the endpoint sets for issuers that need it, and does at those issuers by hand. */
import { createHash } from 'node:crypto';
import type { Environment } from '../../functions/model/setting-reader.ts';
import type { Facts } from './scene.ts';

/** The callback that the owner registers: one for each issuer (RFC 9700, section 4.4.2.2). */
export const callbackOf = ({ endpoint, issuer }: Pick<Facts, 'endpoint' | 'issuer'>): string =>
  `${endpoint}/v1/oauth/callback/${createHash('sha256').update(issuer.url).digest('base64url')}`;

/** `OAUTH_CLIENTS`: a client with this id, registered at the issuer with our callback. */
export const handRegistered =
  (id: string, secret?: string) =>
  (facts: Facts): Environment => {
    const { issuer } = facts;
    const redirectUris = [callbackOf(facts)];
    const client = secret === undefined ? { id } : { id, secret };
    issuer.become({ clients: [{ ...client, redirectUris }] });
    return { OAUTH_CLIENTS: JSON.stringify([{ issuer: issuer.url, ...client }]) };
  };

/** `ISSUERS`: what the metadata of this issuer does not say. */
export const issuerRule =
  (rule: Readonly<Record<string, unknown>>) =>
  ({ issuer }: Facts): Environment => ({
    ISSUERS: JSON.stringify([{ issuer: issuer.url, ...rule }]),
  });
