/** Where each thing lies in the table of the sessions. */
import { createHash } from 'node:crypto';
import type { PersonKey } from '../../sessions/grant.ts';
import type { Key } from './dynamo-table.ts';

/** The identity as JSON: no issuer or subject can be written so that two keys become one. */
export const partitionOf = ({ issuer, subject }: PersonKey): string =>
  `person ${JSON.stringify([issuer, subject])}`;

export const grantPrefix = 'grant ';
export const grantKey = (person: PersonKey, serverUid: string): Key => ({
  pk: partitionOf(person),
  sk: `${grantPrefix}${serverUid}`,
});

export const leaseKey = (person: PersonKey, serverUid: string): Key => ({
  pk: partitionOf(person),
  sk: `lease ${serverUid}`,
});

export const keyPrefix = 'key ';
export const machineKeyKey = (person: PersonKey, thumbprint: string): Key => ({
  pk: partitionOf(person),
  sk: `${keyPrefix}${thumbprint}`,
});

/** A proof belongs to its key: two keys may use the same id. */
export const proofKey = (thumbprint: string, id: string): Key => ({
  pk: `proof ${digest(JSON.stringify([thumbprint, id]))}`,
  sk: 'proof',
});

export const signInKey = (state: string): Key => ({
  pk: `signin ${digest(state)}`,
  sk: 'signin',
});

export const pendingCodeKey = (secret: string): Key => ({
  pk: `parked ${digest(secret)}`,
  sk: 'parked',
});

export const clientKey = (issuer: string, redirectUri: string): Key => ({
  pk: `client ${issuer}`,
  sk: `callback ${redirectUri}`,
});

export const clientIdKey = (issuer: string, id: string): Key => ({
  pk: `client ${issuer}`,
  sk: `id ${id}`,
});

/** The attribute that keeps a pending code for its starter and its server. */
export const starterOf = ({ issuer, subject }: PersonKey, serverUid: string): string =>
  JSON.stringify([issuer, subject, serverUid]);

/** A reader of the table learns neither a state nor a secret that still works. */
const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
