import type { InUse } from '../../functions/model/wire/session-wire.ts';

/** What a sign-out cannot take back, in the time of this machine. */
export function inUseText({ until }: InUse, now: Date): string {
  if (until === undefined)
    return 'An access token that is in use stays valid until its issuer ends it.';
  const end = new Date(until);
  const [hours, minutes] = [end.getHours(), end.getMinutes()].map((part) =>
    String(part).padStart(2, '0'),
  );
  const day = end.toDateString() === now.toDateString() ? '' : ` on ${end.toDateString()}`;
  return `An access token that is in use ends at ${hours}:${minutes}${day}.`;
}
