import type { Person } from '../sessions/person.ts';
import type { Me } from '../model/wire.ts';

/** The owner of the bearer as it crosses the wire: everything but the bearer. */
export const meOf = (person: Person): Me => ({
  subject: person.subject,
  issuer: person.issuer,
  ...(person.email === undefined ? {} : { email: person.email }),
  ...(person.name === undefined ? {} : { name: person.name }),
  expiresAt: person.expiresAt.toISOString(),
});
