/** A sign-out removes first and informs then; a grant of a deleted server is tidied up. */
import { expect, test } from 'vitest';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import type { DeletedGrant, Grant } from '../../../functions/sessions/grant.ts';
import { forgetDeleted, signOut, signOutEverywhere } from '../../../functions/sessions/signout.ts';
import type { TokenRelease } from '../../../functions/sessions/ports.ts';
import { aServer } from '../../world/server.ts';
import { aGrant, minutes } from './build.ts';

const tokens = { accessToken: 'access', refreshToken: 'refresh' };
const { person } = aGrant();

/** A store with these grants, and what was done in order. */
function world(
  grants: readonly Grant[],
  servers: readonly McpServer[] = [],
  secrets: Pick<DeletedGrant, 'tokens'> = { tokens },
  releases: readonly TokenRelease[] = [],
) {
  const done: string[] = [];
  let left = releases;
  return {
    done,
    ports: {
      listServerUids: async () => grants.map(({ serverUid }) => serverUid),
      listGrants: async () => grants,
      deleteGrant: async (_person: unknown, uid: string) => {
        const grant = grants.find(({ serverUid }) => serverUid === uid);
        if (grant === undefined) return undefined;
        done.push(`delete ${uid}`);
        return { grant, ...secrets };
      },
      listReleases: async () => left,
      takeReleases: async (_person: unknown, uid: string) => {
        const taken = left.filter(({ serverUid }) => serverUid === uid);
        left = left.filter((release) => !taken.includes(release));
        return taken;
      },
      revoke: async (
        { serverUid }: Grant,
        { accessToken }: typeof tokens | { accessToken: string },
      ) => {
        done.push(`revoke ${accessToken} of ${serverUid}`);
      },
      readServer: async (namespace: string, name: string) => {
        if (name === 'broken') throw new Error('it cannot be read');
        return servers.find((one) => one.namespace === namespace && one.name === name);
      },
    },
  };
}

test('a grant is removed, and then its issuer hears of it', async () => {
  const { ports, done } = world([aGrant()]);
  await signOut(ports, person, 'uid-a');
  expect(done).toEqual(['delete uid-a', 'revoke access of uid-a']);
});

test('what machines got is told by the sign-out, also for a server without a grant', async () => {
  const release = (serverUid: string): TokenRelease => ({
    serverUid,
    thumbprint: 'laptop',
    at: minutes(-1),
    endsAt: minutes(5),
  });
  const releases = [release('uid-a'), release('uid-gone')];
  const one = world([aGrant()], [], { tokens }, releases);
  expect(await signOut(one.ports, person, 'uid-a')).toEqual([release('uid-a')]);
  expect(await signOut(one.ports, person, 'uid-a')).toEqual([]);
  const all = world([aGrant()], [], { tokens }, releases);
  expect(await signOutEverywhere(all.ports, person)).toEqual(releases);
  expect(all.done).toEqual(['delete uid-a', 'revoke access of uid-a']);
});

test('a grant that is not there is no error, and without tokens there is nothing to revoke', async () => {
  const none = world([]);
  await signOut(none.ports, person, 'uid-a');
  expect(none.done).toEqual([]);
  const sealed = world([aGrant()], [], {});
  await signOut(sealed.ports, person, 'uid-a');
  expect(sealed.done).toEqual(['delete uid-a']);
});

test('a sign-out everywhere removes every grant', async () => {
  const { ports, done } = world([aGrant(), aGrant({ serverUid: 'uid-b' })]);
  await signOutEverywhere(ports, person);
  expect(done.toSorted()).toEqual([
    'delete uid-a',
    'delete uid-b',
    'revoke access of uid-a',
    'revoke access of uid-b',
  ]);
});

test('grants of servers that are gone or were re-created are removed; the others stay', async () => {
  const { ports, done } = world(
    [
      aGrant({ serverUid: 'uid-there', serverName: 'team-a/there' }),
      aGrant({ serverUid: 'uid-of-before', serverName: 'team-a/again' }),
      aGrant({ serverUid: 'uid-gone', serverName: 'team-a/gone' }),
      aGrant({ serverUid: 'uid-broken', serverName: 'team-a/broken' }),
    ],
    [
      aServer({ namespace: 'team-a', name: 'there', uid: 'uid-there' }),
      aServer({ namespace: 'team-a', name: 'again', uid: 'uid-new' }),
    ],
  );
  await forgetDeleted(ports, person);
  expect(done.filter((step) => step.startsWith('delete')).toSorted()).toEqual([
    'delete uid-gone',
    'delete uid-of-before',
  ]);
});
