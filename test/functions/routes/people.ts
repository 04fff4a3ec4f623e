import type { Caller, Person } from '../../../functions/sessions/person.ts';

/** A person who is signed in; say only what matters. */
export const aPerson = (facts: Partial<Person> = {}): Person => ({
  issuer: 'https://login.example.com',
  subject: 'ada',
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  audiences: ['muster-cli'],
  expiresAt: new Date('2026-11-22T13:00:00Z'),
  ...facts,
});

/** The same person as the sender of a request. */
export const aCaller = (facts: Partial<Person> = {}, claims: Caller['claims'] = {}): Caller => {
  const person = aPerson(facts);
  return { person, token: `bearer-of-${person.subject}`, claims };
};
