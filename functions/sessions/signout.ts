/** The story of signing out: what is stored goes first, then the issuer is told. */
import type { McpServer } from '../model/mcpserver.ts';
import type { Grant, PersonKey, Tokens } from './grant.ts';

/** A grant that was just removed. Without tokens where they could not be opened any more. */
export type DeletedGrant = { readonly grant: Grant; readonly tokens?: Tokens };

export type SignOutPorts = {
  readonly listGrants: (person: PersonKey) => Promise<readonly Grant[]>;
  /** Reads and removes in one step. */
  readonly deleteGrant: (person: PersonKey, serverUid: string) => Promise<DeletedGrant | undefined>;
  /** Tells the issuer where it can be told (RFC 7009). Whether it listened changes nothing here. */
  readonly revoke: (grant: Grant, tokens: Tokens) => Promise<void>;
};

/** Forgets this person's grant for one server. There being none is fine. */
export async function signOut(
  ports: SignOutPorts,
  person: PersonKey,
  serverUid: string,
): Promise<void> {
  const taken = await ports.deleteGrant(person, serverUid);
  if (taken?.tokens !== undefined) await ports.revoke(taken.grant, taken.tokens);
}

/** Forgets all grants of this person, those of deleted servers included. */
export async function signOutEverywhere(ports: SignOutPorts, person: PersonKey): Promise<void> {
  const grants = await ports.listGrants(person);
  await Promise.all(grants.map(({ serverUid }) => signOut(ports, person, serverUid)));
}

export type TidyPorts = SignOutPorts & {
  readonly readServer: (namespace: string, name: string) => Promise<McpServer | undefined>;
};

/**
 * Forgets this person's grants for servers that are gone, or were created again under the same
 * name. What cannot be looked up now stays.
 */
export async function forgetDeleted(ports: TidyPorts, person: PersonKey): Promise<void> {
  const grants = await ports.listGrants(person);
  await Promise.allSettled(
    grants.map(async ({ serverUid, serverName }) => {
      const [namespace = '', name = ''] = serverName.split('/');
      const server = await ports.readServer(namespace, name);
      if (server?.uid !== serverUid) await signOut(ports, person, serverUid);
    }),
  );
}
