import type { InUse } from '../../functions/model/wire/session-wire.ts';
import { clockMinute } from './local-time.ts';

/** What a sign-out cannot take back, in the time of this machine. */
export function inUseText({ until }: InUse, now: Date): string {
  if (until === undefined)
    return 'An access token that is in use stays valid until its issuer ends it.';
  const end = new Date(until);
  const day = end.toDateString() === now.toDateString() ? '' : ` on ${end.toDateString()}`;
  return `An access token that is in use ends at ${clockMinute(end)}${day}.`;
}
