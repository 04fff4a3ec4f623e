import type { Person } from '../../functions/sessions/person.ts';
import { ada } from '../../local/issuer.ts';

/** A person who is signed in, Ada unless a persona is given; say only what matters. */
export const aPerson = (facts: Partial<Person> = {}): Person => ({
  issuer: 'https://login.example.com',
  ...ada,
  audiences: ['muster-cli'],
  expiresAt: new Date('2100-01-01T00:00:00Z'),
  token: 'the token of ada',
  ...facts,
});
