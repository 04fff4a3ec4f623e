/** Many uses of one grant at the same time, at whatever issuer the sign-in world has. */
import {
  usableTokens,
  type RefreshPorts,
  type TokenResult,
} from '../../functions/sessions/refresh.ts';
import type { StoredGrant } from '../../functions/sessions/grant.ts';
import { defined } from '../../functions/model/defined.ts';
import type { SignInWorld } from './signin.ts';

export type Round = {
  /** Requests for new tokens that went out. */
  readonly refreshes: number;
  /** What the uses got: tokens, or the kind of a failure. */
  readonly tokens: ReadonlySet<string>;
};

/** One round: the grant expires as after an hour, then so many use it at the same time. */
export async function raceOnce(
  world: SignInWorld,
  { grant: { person, serverUid } }: StoredGrant,
  { users, ports = world.ports }: { users: number; ports?: RefreshPorts },
): Promise<Round> {
  const held = await world.store.getGrant(person, serverUid);
  if (held === undefined) throw new Error('The grant is gone.');
  const { grant, tokens, generation } = held;
  const expired = defined({ grant: { ...grant, expiresAt: new Date(0) }, tokens, generation });
  if (!(await world.store.replaceGrant(expired, generation)))
    throw new Error('Somebody else changed the grant.');
  world.sent.length = 0;
  const uses = await Promise.all(
    Array.from({ length: users }, () => usableTokens(ports, person, serverUid)),
  );
  const refreshes = world.sent.filter(
    ({ form }) => form.get('grant_type') === 'refresh_token',
  ).length;
  return { refreshes, tokens: new Set(uses.map(tokenOf)) };
}

const tokenOf = (usable: TokenResult): string =>
  usable.kind === 'usable' ? usable.tokens.accessToken : usable.kind;
