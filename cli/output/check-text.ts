import type { Check } from '../../functions/model/wire/check-wire.ts';
import type { FailedPart } from '../../functions/model/failed-parts.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';
import { type Fact, factLines } from './fact-lines.ts';
import type { Paint } from './paint.ts';
import { inStyle, stateStyle } from './status-styles.ts';
import { age, fromNow } from './table.ts';
import { cellText } from './text-table.ts';

export type CheckView = {
  readonly now: Date;
  readonly paint: Paint;
  /** What the server is called among those that are checked. */
  readonly label: string;
};

/**
 * What a person needs to know at once: the verdict in one line, and below it what failed, since
 * when, and what to do. Of a server that answers, only what will fail soon.
 */
export function checkText(check: Check, { now, paint, label }: CheckView): string {
  const { state, reason, observed } = check;
  const painted = inStyle(paint, stateStyle(check), cellText(state ?? '-'));
  const verdict = `${cellText(label)}: ${painted} ${cellText(`(${reason}): ${observed}`)}`;
  const failed: readonly Fact[] =
    check.failedPart === undefined
      ? []
      : [
          ...whatFailed(check, now),
          ['Message', check.message],
          ['Next', check.hint],
          ['More', check.page],
        ];
  return `${verdict}\n${factLines([...failed, ['Warning', check.warning]])}`;
}

/** Every fact of one probe, in the order of the probe. */
export const explainedText = (check: Check, now: Date): string => factLines(checkFacts(check, now));

/** The same, for a page that lays them out itself. */
export function checkFacts(check: Check, now: Date): readonly Fact[] {
  const total = check.stages.reduce((sum, { ms }) => sum + ms, 0);
  const stages = check.stages.map(({ stage, ms }) => `${stage} ${rounded(ms)}`).join(', ');
  return [
    ['Server', qualifiedName(check)],
    ['Observed', check.observed],
    ['Way', check.via],
    ['Redirect', check.hop === undefined ? undefined : `${check.hop.from} to ${check.hop.to}`],
    ['Stages', stages === '' ? '-' : `${stages}${totalText(check, total)}`],
    ['Challenge', challengeText(check)],
    ['State', check.state ?? '-'],
    ['Reason', check.reason],
    ['Message', check.message],
    ...whatFailed(check, now),
    ['Sign-in', known(check.authRequired, 'required', 'not required')],
    ['MCP', known(check.speaksMcp, 'yes', 'no')],
    [
      'Failures',
      check.consecutiveFailures === 0 ? 'none' : `${String(check.consecutiveFailures)} in a row`,
    ],
    ['TLS until', dated(check.certificateExpiresAt, now)],
    ['Warning', check.warning],
    ['Next', check.hint ?? '-'],
    ['More', check.page],
  ];
}

/** The POST may run beside the GET: their times are not a sum. */
const totalText = ({ stages }: Check, total: number): string =>
  stages.some(({ stage }) => stage === 'discover') ? '' : ` (${rounded(total)} total)`;

/** Where a client reads how to sign in (RFC 6750, section 3). */
const challengeText = ({ bearerChallenge }: Check): string | undefined =>
  bearerChallenge === undefined
    ? undefined
    : bearerChallenge
      ? 'WWW-Authenticate: Bearer'
      : 'none: the answer has no WWW-Authenticate: Bearer';

function whatFailed({ failedPart, since, lastConnected }: Check, now: Date): readonly Fact[] {
  if (failedPart === undefined) return [];
  return [
    ['Failed', parts[failedPart] ?? failedPart],
    ['Since', since === undefined ? undefined : ageOf(since, now)],
    ['Last OK', lastConnected === undefined ? 'never' : ageOf(lastConnected, now)],
  ];
}

const parts: Readonly<Record<FailedPart, string>> = {
  spec: 'the spec of the MCPServer',
  policy: 'the policy of the functions',
  name: 'the host name (DNS)',
  network: 'the network',
  tls: 'TLS',
  gateway: 'the reverse proxy or load balancer, or what is behind it',
  server: 'the server',
  prober: 'the prober',
};

const known = (condition: string, yes: string, no: string): string =>
  condition === 'True' ? yes : condition === 'False' ? no : 'unknown';

const ageOf = (time: string, now: Date): string =>
  `${age(now.getTime() - new Date(time).getTime())} ago`;

/** `2026-12-01 (in 5 days)` */
const dated = (time: string | undefined, now: Date): string | undefined =>
  time === undefined ? undefined : `${time.slice(0, 10)} (${fromNow(new Date(time), now)})`;

const rounded = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : String(Math.round(ms))} ms`;
