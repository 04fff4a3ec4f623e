import type { Person } from '../../../functions/sessions/person.ts';

/** Somebody who is signed in; say only what matters. */
export const aPerson = (facts: Partial<Person> = {}): Person => ({
  issuer: 'https://login.example.com',
  subject: 'ada',
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  audiences: ['muster-cli'],
  expiresAt: new Date('2026-11-22T13:00:00Z'),
  token: 'bearer-of-ada',
  ...facts,
});
