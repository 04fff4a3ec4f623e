import type { Caller, Person } from '../../functions/sessions/person.ts';
import { ada } from '../../local/issuer.ts';

/** A person who is signed in, Ada unless a persona is given; say only what matters. */
export const aPerson = (facts: Partial<Person> = {}): Person => ({
  issuer: 'https://login.example.com',
  ...ada,
  audiences: ['muster-cli'],
  expiresAt: new Date('2100-01-01T00:00:00Z'),
  ...facts,
});

/** The sender of a request: this person with a token of their own. */
export const aCaller = (
  person: Person = aPerson(),
  facts: Partial<Omit<Caller, 'person'>> = {},
): Caller => ({ person, token: `token-of-${person.subject}`, claims: {}, ...facts });
