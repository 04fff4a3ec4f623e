/**
 * What a reader of State and session must know after two minutes, each with the anchor of its answer
 * on the first screen of the page.
 */
export const questions = [
  ['Is a server that answers 401 up?', 'is-401-up-or-down'],
  ['Where is STATE stored, and what writes it?', 'where-is-state-stored'],
  ["May my colleague's SESSION differ from mine?", 'can-my-colleague-see-another-session'],
  ['Does signing in change STATE?', 'does-a-sign-in-change-state'],
  ['Does an outage sign me out?', 'does-an-outage-sign-me-out'],
  ['Which command signs me in to one server?', 'how-do-i-sign-in-to-one-server'],
  ['Does kubectl show SESSION?', 'does-kubectl-show-session'],
  ['403, 404, 500, 503: up or down?', 'are-403-404-500-and-503-up'],
  ['Expired or Pending Auth: what is the difference?', 'expired-or-pending-auth'],
  ['What does SESSION - mean?', 'what-does-session---mean'],
  ['Why is there no SESSION column?', 'why-is-there-no-session-column'],
  ['Can Failed and Pending Auth appear together?', 'can-failed-and-pending-auth-appear-together'],
  [
    'Signed in to muster, not to server-b: which column?',
    'does-muster-auth-login-sign-me-in-to-servers',
  ],
  ['How long from death to Failed?', 'how-long-from-death-to-failed'],
  ['Does the probe use credentials?', 'does-the-probe-use-credentials'],
  ['Do list and auth status always agree?', 'can-list-and-auth-status-disagree'],
  ['STATE is Failed at 3 am: what is the first step?', 'failed-first-step-at-3-am'],
] as const;
