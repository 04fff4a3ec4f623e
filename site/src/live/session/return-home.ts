/** What this load of the page is: a plain one, or one that comes back from an issuer. */
import { type MusterOutcome, returnedIn, type ServerOutcome } from './returned-address.ts';
import { type ServerFlow, takeFlow } from './server-window.ts';
import { type AwaitedSignIn, takeAwaited } from './sign-in.ts';

export type ReturnedHome =
  /** Nothing came back, or nothing that this tab waits for. */
  | { readonly kind: 'page' }
  | {
      readonly kind: 'muster';
      readonly awaited: AwaitedSignIn;
      readonly outcome: MusterOutcome;
    }
  | { readonly kind: 'tab'; readonly flow: ServerFlow; readonly outcome: ServerOutcome }
  | { readonly kind: 'window'; readonly flow: ServerFlow; readonly search: string };

/** Reads the address and tidies it at once, so that no history or screenshot has a code. */
export function returnHome(): ReturnedHome {
  const { search } = location;
  const returned = returnedIn(search);
  switch (returned.kind) {
    case 'nothing':
      return { kind: 'page' };
    case 'muster': {
      const awaited = takeAwaited(returned.state);
      tidy(awaited?.back);
      return awaited === undefined
        ? { kind: 'page' }
        : { kind: 'muster', awaited, outcome: returned.outcome };
    }
    case 'server': {
      const flow = takeFlow();
      tidy(flow?.back);
      if (flow === undefined) return { kind: 'page' };
      return flow.way === 'window'
        ? { kind: 'window', flow, search }
        : { kind: 'tab', flow, outcome: returned.outcome };
    }
  }
}

/** `back`: query and fragment that the person left. */
const tidy = (back = ''): void =>
  history.replaceState(null, '', location.pathname + (/^[?#]/.test(back) ? back : ''));
