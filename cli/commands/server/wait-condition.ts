import { qualifiedName, type State, states } from '../../../functions/model/mcpserver.ts';
import type { Row, Session } from '../../../functions/model/wire/server-wire.ts';
import { counted } from '../../output/table.ts';

/** What `--for` names. */
export type Condition =
  | { readonly kind: 'state'; readonly wanted: State }
  | { readonly kind: 'session' }
  | { readonly kind: 'deleted' };

/** Reads `--for`, whose valid values the table of commands has. */
export function readCondition(text: string | undefined): Condition {
  if (text === 'deleted') return { kind: 'deleted' };
  if (text === 'session=Authenticated') return { kind: 'session' };
  const wanted = states.find((state) => text === `state=${state}`);
  return { kind: 'state', wanted: wanted ?? 'Connected' };
}

/** Why no time can bring it about; undefined where time may. */
export function hopeless(condition: Condition, row: Row): string | undefined {
  if (condition.kind === 'deleted') return undefined;
  if (row.type === 'stdio') return 'is of type stdio: no sweep probes it, and it has no session.';
  const isOpen = row.state === 'Connected' && row.session?.status === '-';
  return condition.kind === 'session' && isOpen
    ? 'asks for no sign-in, so it has no session.'
    : undefined;
}

/** What one look at a server showed. */
export type Seen =
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'there';
      readonly uid?: string;
      readonly state?: string | undefined;
      readonly reason?: string | undefined;
      readonly session?: Session | undefined;
    };

/** Whether the wait has an end; `uid` is that of the server at its beginning. */
export function isMet(condition: Condition, seen: Seen, uid: string | undefined): boolean {
  switch (condition.kind) {
    case 'state':
      return seen.kind === 'there' && seen.state === condition.wanted;
    case 'session':
      return seen.kind === 'there' && seen.session?.status === 'Authenticated';
    case 'deleted':
      // One that was created again under its name is another one.
      return seen.kind === 'gone' || (seen.uid !== undefined && seen.uid !== uid);
  }
}

/** `Connected`, `Authenticated`, `deleted`: what a server is when its wait is over. */
export function goalOf(condition: Condition): string {
  switch (condition.kind) {
    case 'state':
      return condition.wanted;
    case 'session':
      return 'Authenticated';
    case 'deleted':
      return 'deleted';
  }
}

/** What a server is instead, and why: `Failed`, `ConnectionRefused`. */
function presentOf(
  condition: Condition,
  seen: Seen,
): { readonly is: string; readonly why?: string } {
  if (seen.kind === 'gone') return { is: 'deleted' };
  const { state = 'not probed yet', reason } = seen;
  const why = reason === undefined ? {} : { why: reason };
  switch (condition.kind) {
    case 'state':
      return { is: state, ...why };
    case 'session':
      return seen.session === undefined || seen.session.status === '-'
        ? { is: `without a session, and ${state}`, ...why }
        : { is: seen.session.status };
    case 'deleted':
      return { is: 'there' };
  }
}

export type Server = { readonly namespace: string; readonly name: string };
export type Pending = { readonly server: Server; readonly seen: Seen };

/**
 * The error of a wait whose time is over. One server: `default/server-c is still Failed after 60
 * seconds (ConnectionRefused).`
 */
export function timedOut(
  condition: Condition,
  pending: readonly Pending[],
  timeoutMs: number,
): { readonly message: string; readonly hint: string | undefined } {
  const after = timeoutMs === 0 ? '' : ` after ${spanText(timeoutMs)}`;
  const still = timeoutMs === 0 ? 'is' : 'is still';
  const hint = nextStep(condition, pending);
  const [first] = pending;
  if (first !== undefined && pending.length === 1) {
    if (first.seen.kind === 'gone')
      return { message: `${qualifiedName(first.server)} was deleted.`, hint };
    const { is, why } = presentOf(condition, first.seen);
    const because = why === undefined ? '' : ` (${why})`;
    return { message: `${qualifiedName(first.server)} ${still} ${is}${after}${because}.`, hint };
  }
  const named = pending.slice(0, mostNames).map(({ server, seen }) => {
    const { is, why } = presentOf(condition, seen);
    return `${qualifiedName(server)} (${why === undefined ? is : `${is}, ${why}`})`;
  });
  const more = pending.length > mostNames ? [`${String(pending.length - mostNames)} more`] : [];
  return {
    message: `${String(pending.length)} servers are not ${goalOf(condition)}${after}: ${[...named, ...more].join(', ')}.`,
    hint,
  };
}

const mostNames = 5;

function nextStep(condition: Condition, pending: readonly Pending[]): string | undefined {
  const there = pending.filter(({ seen }) => seen.kind === 'there').map(({ server }) => server);
  const [first] = pending;
  if (first === undefined || there.length === 0) return 'Run: muster list mcpserver';
  const names = there.slice(0, mostNames).map(qualifiedName).join(' ');
  switch (condition.kind) {
    case 'state':
      return condition.wanted === 'Connected'
        ? `To see why, run: muster check ${names} --explain`
        : `To see more, run: muster describe ${names}`;
    case 'session': {
      const seen = first.seen.kind === 'there' ? first.seen.session : undefined;
      return seen?.hint?.startsWith('muster ') === true
        ? `Run: ${seen.hint}`
        : `To see why, run: muster describe ${names}`;
    }
    case 'deleted':
      return `To see what keeps it, run: kubectl get mcpserver ${first.server.name} -n ${first.server.namespace} -o yaml`;
  }
}

/** `90 seconds`, `2 minutes` */
export function spanText(spanMs: number): string {
  const seconds = Math.round(spanMs / 1000);
  return seconds >= 120 && seconds % 60 === 0
    ? counted(seconds / 60, 'minute')
    : counted(seconds, 'second');
}
