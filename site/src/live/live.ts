/** Entry of the live page. */
import { openSession } from './session/person-session.ts';
import { livePage } from './view/live-page.ts';

const header = document.querySelector('#live-header');
const main = document.querySelector('#live');
if (header !== null && main !== null) {
  const { session, problem } = await openSession();
  livePage({ header, main }, session, problem);
}
