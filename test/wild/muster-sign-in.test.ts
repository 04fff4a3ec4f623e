/** Sign-in to muster at the issuers of people, and what follows from it: single sign-on. */
import { caseSuite } from './case-suite.ts';
import { peopleKinds } from './cases/people.ts';
import { singleSignOnKinds } from './cases/single-sign-on.ts';

caseSuite([...peopleKinds, ...singleSignOnKinds]);
