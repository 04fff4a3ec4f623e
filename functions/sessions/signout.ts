/** The sign-out flow: the stored grant is removed first, then its issuer is informed. */
import type { ReadServer } from '../model/mcpserver.ts';
import type { Grant, PersonKey, Tokens } from './grant.ts';
import type { GrantStore, ReleaseStore, TokenRelease } from './ports.ts';

export type SignOutPorts = Pick<GrantStore, 'listServerUids' | 'deleteGrant'> &
  Pick<ReleaseStore, 'listReleases' | 'takeReleases'> & {
    /** Informs the issuer where it supports that (RFC 7009). Its answer changes nothing here. */
    readonly revoke: (grant: Grant, tokens: Tokens) => Promise<void>;
  };

/**
 * Removes this person's grant for one server, from then on nothing is released for it. A grant that
 * does not exist is no error. Returns the last release to each machine.
 */
export async function signOut(
  ports: SignOutPorts,
  person: PersonKey,
  serverUid: string,
): Promise<readonly TokenRelease[]> {
  const deleted = await ports.deleteGrant(person, serverUid);
  const releases = await ports.takeReleases(person, serverUid);
  if (deleted?.tokens !== undefined) await ports.revoke(deleted.grant, deleted.tokens);
  return releases;
}

/**
 * Removes all grants of this person, also those for deleted servers and those that do not parse.
 * Returns the last releases.
 */
export async function signOutEverywhere(
  ports: SignOutPorts,
  person: PersonKey,
): Promise<readonly TokenRelease[]> {
  const [granted, released] = await Promise.all([
    ports.listServerUids(person),
    ports.listReleases(person),
  ]);
  const serverUids = new Set([...granted, ...released.map(({ serverUid }) => serverUid)]);
  const taken = await Promise.all(
    [...serverUids].map((serverUid) => signOut(ports, person, serverUid)),
  );
  return taken.flat();
}

export type TidyPorts = SignOutPorts &
  Pick<GrantStore, 'listGrants'> & { readonly readServer: ReadServer };

/**
 * Removes this person's grants for servers that were deleted, or re-created under the same name. A
 * grant whose server cannot be looked up stays.
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
