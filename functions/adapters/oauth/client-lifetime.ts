import { signInMs } from '../../model/sign-in-window.ts';
import type { Client } from '../../sessions/client.ts';

/**
 * Whether a registration may be replaced because no browser came back from its issuer. An issuer
 * that lost it shows an error page and tells us nothing; a person who gave up looks the same to us.
 * So it happens once an hour at most, even if a person starts sign-ins and drops them.
 */
export const mayBeReplaced = ({ registeredAt }: Client, now: Date): boolean =>
  registeredAt === undefined || now.getTime() - registeredAt.getTime() >= 60 * 60_000;

/** Whether the client still works for a sign-in with these scopes that begins now. */
export const servesSignIn = (
  { expiresAt, scopes }: Client,
  wanted: readonly string[],
  now: Date,
): boolean =>
  (expiresAt === undefined || expiresAt.getTime() - now.getTime() > signInMs) &&
  (scopes === undefined || wanted.every((scope) => scopes.includes(scope)));
