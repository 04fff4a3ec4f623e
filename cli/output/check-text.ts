import type { Check } from '../../functions/model/wire.ts';
import type { FailedPart } from '../../functions/model/failed-parts.ts';
import { qualifiedName } from '../../functions/model/mcpserver.ts';
import { age, fromNow } from './table.ts';
import { cellText } from './text-table.ts';

type Fact = readonly [name: string, text: string | undefined];

/**
 * What a person needs to know at once: the verdict in one line, and below it what failed, since
 * when, and what to do. Of a server that answers, only what will fail soon.
 */
export function checkText(check: Check, now: Date): string {
  const { name, state, reason, observed } = check;
  const verdict = cellText(`${name}: ${state ?? '-'} (${reason}): ${observed}`);
  const failed: readonly Fact[] =
    check.failedPart === undefined
      ? []
      : [
          ...whatFailed(check, now),
          ['Message', check.message],
          ['Next', check.hint],
          ['More', check.page],
        ];
  return `${verdict}\n${lines([...failed, ['Warning', check.warning]])}`;
}

/** Every fact of one probe, in the order of the probe. */
export function explainedText(check: Check, now: Date): string {
  const total = check.stages.reduce((sum, { ms }) => sum + ms, 0);
  const stages = check.stages.map(({ stage, ms }) => `${stage} ${rounded(ms)}`).join(', ');
  return lines([
    ['Server', qualifiedName(check)],
    ['Observed', check.observed],
    ['Way', check.via],
    ['Redirect', check.hop === undefined ? undefined : `${check.hop.from} to ${check.hop.to}`],
    ['Stages', stages === '' ? '-' : `${stages} (${rounded(total)} total)`],
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
  ]);
}

const lines = (facts: readonly Fact[]): string =>
  facts
    .flatMap(([fact, text]) =>
      text === undefined ? [] : [`${`${fact}:`.padEnd(10)} ${cellText(text)}\n`],
    )
    .join('');

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
