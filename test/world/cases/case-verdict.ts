/** Three probes of a case as three sweeps make them, and what was wrong about them. */
import { prober } from '../../../functions/adapters/mcp/probe.ts';
import { type Connector, trustStore } from '../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../functions/adapters/network/guard.ts';
import { conditionOf, type McpServer, type Status } from '../../../functions/model/mcpserver.ts';
import { classify } from '../../../functions/reachability/classify.ts';
import { isClassificationDue } from '../../../functions/reachability/due.ts';
import { nextStatus } from '../../../functions/reachability/status.ts';
import { aServer } from '../server.ts';
import { unroutedRange } from './case-names.ts';
import {
  asksForSignIn,
  type CaseWorld,
  type FaultCase,
  type PersonsClass,
  rightStates,
} from './fault-case.ts';

/** A probe may take so much longer than its deadline. */
export const graceMs = 250;
const tickMs = 60_000;

export type CaseVerdict = {
  /** What differs from what is right, in words; none if all is right. */
  readonly wrong: readonly string[];
  readonly persons: PersonsClass | undefined;
  readonly status: Status;
  /** Of the longest probe, beyond its deadline. */
  readonly lateMs: number;
};

/** Where this process was held up for longer, its clock says nothing about a probe. */
const mostStalledMs = 100;
const stallTickMs = 20;

/** How long the event loop of this process was held up so far, in milliseconds. */
function stallClock(): () => number {
  let stalledMs = 0;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    stalledMs += Math.max(0, now - last - 2 * stallTickMs);
    last = now;
  };
  setInterval(look, stallTickMs).unref();
  return () => {
    look();
    return stalledMs;
  };
}

export type Judge = (
  faultCase: FaultCase,
  prepare?: (faultCase: FaultCase, turn: number) => Promise<void>,
) => Promise<CaseVerdict>;

/** `timeoutMs` is the deadline of the cases that have none of their own. */
export function caseJudge({ resolver: server, caPem }: CaseWorld, timeoutMs: number): Judge {
  const secureContext = trustStore(caPem);
  const guard = addressGuard({ allowLocal: true, allow: [unroutedRange] });
  const connectorFor = (address: string): Connector => ({
    guard,
    secureContext,
    resolve: resolver({ servers: [address] }),
  });
  const usual = prober(connectorFor(server));
  const stalled = stallClock();
  const judgeOnce: Judge = async (faultCase, prepare) => {
    const own = faultCase.resolver;
    const probe = own === undefined ? usual : prober(connectorFor(own));
    let seen: McpServer = aServer({ timeoutMs, uid: faultCase.name, ...faultCase.server });
    const states: (string | undefined)[] = [];
    let lateMs = -Infinity;
    let now = Date.now();
    for (const turn of [1, 2, 3]) {
      await prepare?.(faultCase, turn);
      const classifies = isClassificationDue(seen, new Date(now), tickMs);
      const started = performance.now();
      const outcome = await probe(seen, { classify: classifies });
      lateMs = Math.max(lateMs, performance.now() - started - seen.timeoutMs);
      seen = { ...seen, status: nextStatus(seen, classify(outcome), new Date(now)) };
      states.push(seen.status.state);
      now += tickMs;
    }
    const { status } = seen;
    const wrong = differences(faultCase, states, status);
    if (lateMs > graceMs) wrong.push(`${Math.round(lateMs)} ms over its deadline`);
    return { wrong, persons: persons(status), status, lateMs };
  };
  return async (faultCase, prepare) => {
    for (let tries = 0; ; tries += 1) {
      const before = stalled();
      const verdict = await judgeOnce(faultCase, prepare);
      const isSure = verdict.wrong.length === 0 || stalled() - before < mostStalledMs;
      if (isSure || tries === 3) return verdict;
    }
  };
}

function differences(
  { right }: FaultCase,
  states: readonly (string | undefined)[],
  status: Status,
): string[] {
  const wrong: string[] = [];
  const compare = (what: string, seen: string | undefined, expected: string | undefined): void => {
    if (seen !== expected) wrong.push(`${what} ${seen ?? '-'} instead of ${expected ?? '-'}`);
  };
  const [afterOne, afterThree] = rightStates(right);
  compare('state after one probe', states[0], afterOne);
  compare('state after three probes', states[2], afterThree);
  const reachable = conditionOf(status, 'Reachable');
  if (right.reason !== undefined) compare('reason', reachable?.reason, right.reason);
  const signIn = conditionOf(status, 'AuthRequired')?.status;
  // Only what was seen may be said: False needs a result, True a refusal.
  if (asksForSignIn(right)) compare('AuthRequired', signIn, 'True');
  else if (right.authRequired !== undefined) compare('AuthRequired', signIn, right.authRequired);
  else if (signIn === 'True' && right.states === undefined) wrong.push('AuthRequired True');
  if (right.speaksMcp !== undefined)
    compare('SpeaksMCP', conditionOf(status, 'SpeaksMCP')?.status, right.speaksMcp);
  if (right.says !== undefined && !(reachable?.message ?? '').includes(right.says))
    wrong.push(`the message does not say "${right.says}"`);
  return wrong;
}

function persons(status: Status): PersonsClass | undefined {
  if (status.state === 'Failed') return 'down';
  if (status.state !== 'Connected') return undefined;
  return conditionOf(status, 'AuthRequired')?.status === 'True' ? 'requires a sign-in' : 'up';
}
