import type { Person } from '../sessions/person.ts';
import type { Me } from '../model/wire.ts';
import { defined } from '../model/defined.ts';

/** The owner of the bearer as it crosses the wire: everything but the bearer. */
export const meOf = (person: Person): Me =>
  defined({
    subject: person.subject,
    issuer: person.issuer,
    email: person.email,
    name: person.name,
    expiresAt: person.expiresAt.toISOString(),
  });
