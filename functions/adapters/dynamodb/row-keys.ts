/** Where each thing lies in the table of the sessions. */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { StateChange } from '../../model/bus-events.ts';
import type { PersonKey } from '../../sessions/grant.ts';
import type { Use } from '../../sessions/ports.ts';
import type { Key } from './dynamo-table.ts';

/** The identity as JSON: no issuer or subject can be written so that two keys become one. */
export const partitionOf = ({ issuer, subject }: PersonKey): string =>
  `person ${JSON.stringify([issuer, subject])}`;

/** The person of such a partition. */
export const personIn = (partition: string): PersonKey => {
  const [issuer, subject] = personSchema.parse(JSON.parse(partition.slice('person '.length)));
  return { issuer, subject };
};

const personSchema = z.tuple([z.string(), z.string()]);

export const grantPrefix = 'grant ';
export const grantKey = (person: PersonKey, serverUid: string): Key => ({
  pk: partitionOf(person),
  sk: `${grantPrefix}${serverUid}`,
});

export const leaseKey = (person: PersonKey, serverUid: string): Key => ({
  pk: partitionOf(person),
  sk: `lease ${serverUid}`,
});

/** One row for each person, limit and window, and for each server where the limit is for each. */
export const limitKey = ({
  person: { issuer, subject },
  limit,
  serverUid,
  startsAt,
}: Omit<Use, 'endsAt'>): Key => ({
  pk: `limit ${JSON.stringify([issuer, subject])}`,
  sk: [limit, ...(serverUid === undefined ? [] : [serverUid]), startsAt.toISOString()].join(' '),
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

const clientPrefix = 'client ';

export const issuerIn = (partition: string): string => partition.slice(clientPrefix.length);

export const clientKey = (issuer: string, redirectUri: string): Key => ({
  pk: `${clientPrefix}${issuer}`,
  sk: `callback ${redirectUri}`,
});

export const clientIdKey = (issuer: string, id: string): Key => ({
  pk: `${clientPrefix}${issuer}`,
  sk: `id ${id}`,
});

const releasePrefix = 'release ';
/** Release rows of the person, or those of one server. */
export const releasesOf = (serverUid?: string): string =>
  serverUid === undefined ? releasePrefix : `${releasePrefix}${serverUid} `;
export const releaseKey = (person: PersonKey, serverUid: string, thumbprint: string): Key => ({
  pk: partitionOf(person),
  sk: `${releasesOf(serverUid)}${thumbprint}`,
});
/** Server and machine of such a row: neither a uid nor a thumbprint has a blank. */
export function releaseIn(sk: string): { readonly serverUid: string; readonly thumbprint: string } {
  const [serverUid = '', thumbprint = ''] = sk.slice(releasePrefix.length).split(' ');
  return { serverUid, thumbprint };
}

/** One row for each change of STATE, in the order of their times. */
export const changesPartition = (serverUid: string): string => `changes ${serverUid}`;
export const changeKey = ({ uid, at, to }: Pick<StateChange, 'uid' | 'at' | 'to'>): Key => ({
  pk: changesPartition(uid),
  sk: `${at.toISOString()} ${to}`,
});

/** A sign-in of this person to this server that no browser came back from. */
export const attemptKey = (person: PersonKey, serverUid: string): Key => ({
  pk: partitionOf(person),
  sk: `attempt ${serverUid}`,
});

/** Since when no browser came back from the issuer. */
export const unansweredKey = (issuer: string): Key => ({
  pk: `${clientPrefix}${issuer}`,
  sk: 'unanswered',
});

export const refusedDocumentKey = (issuer: string): Key => ({
  pk: `${clientPrefix}${issuer}`,
  sk: 'document refused',
});

/** The attribute that keeps a pending code for its starter and its server. */
export const starterOf = ({ issuer, subject }: PersonKey, serverUid: string): string =>
  JSON.stringify([issuer, subject, serverUid]);

/** A reader of the table learns neither a state nor a secret that still works. */
const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
