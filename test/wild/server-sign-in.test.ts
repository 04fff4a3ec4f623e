/** Sign-in to MCP servers and their issuers as people have them. */
import { caseSuite } from './case-suite.ts';
import { answerKinds } from './cases/answers-of-issuers.ts';
import { discoveryKinds } from './cases/discovery.ts';
import { refreshKinds } from './cases/refresh.ts';
import { registrationKinds } from './cases/registration.ts';
import { verificationKinds } from './cases/verification.ts';

caseSuite([
  ...refreshKinds,
  ...verificationKinds,
  ...registrationKinds,
  ...discoveryKinds,
  ...answerKinds,
]);
