import type {
  AnswerMarks,
  ClientStore,
  GrantStore,
  KeyStore,
  PersonStore,
  ReleaseStore,
  SignInStore,
} from '../../sessions/ports.ts';
import { clientStore } from './client-store.ts';
import { grantStore } from './grant-store.ts';
import { keyStore } from './key-store.ts';
import { personStore } from './person-store.ts';
import { releaseStore } from './release-store.ts';
import type { StoreOptions } from './sealed-row.ts';
import { signInStore } from './sign-in-store.ts';

export type SessionStore = GrantStore &
  SignInStore &
  ClientStore &
  AnswerMarks &
  KeyStore &
  ReleaseStore &
  PersonStore;

/** Everything that the session flows store, in one table. */
export const sessionStore = (options: StoreOptions): SessionStore => ({
  ...grantStore(options),
  ...signInStore(options),
  ...clientStore(options),
  ...keyStore(options),
  ...releaseStore(options),
  ...personStore(options),
});
