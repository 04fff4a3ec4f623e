import type { ClientStore, GrantStore, SignInStore } from '../../sessions/ports.ts';
import { clientStore } from './client-store.ts';
import { grantStore } from './grant-store.ts';
import type { StoreOptions } from './sealed-row.ts';
import { signInStore } from './sign-in-store.ts';

export type SessionStore = GrantStore & SignInStore & ClientStore;

/** Everything that the session flows store, in one table. */
export const sessionStore = (options: StoreOptions): SessionStore => ({
  ...grantStore(options),
  ...signInStore(options),
  ...clientStore(options),
});
