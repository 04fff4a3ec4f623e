/** What a check found: the verdict, each stage with its time, and every other fact. */
import { checkFacts } from '../../../../cli/output/check-text.ts';
import { clockTime } from '../../../../cli/output/local-time.ts';
import { cellText } from '../../../../cli/output/text-table.ts';
import type { Check } from '../../../../functions/model/wire/check-wire.ts';
import { type Child, element } from './dom.ts';
import { factList, factsBut } from './fact-list.ts';
import { reasonLink } from './reason-link.ts';
import { stateBadge } from './status-badge.ts';

const stageNames: Readonly<Record<string, string>> = {
  redirects: 'Redirects',
  dns: 'DNS',
  tcp: 'TCP connection',
  tls: 'TLS handshake',
  headers: 'Response headers',
  discover: 'MCP request',
};

/** `known`: the reason whose next step is on the page already. */
export const checkPanel = (
  check: Check,
  { now, known }: { readonly now: Date; readonly known: string | undefined },
): readonly Child[] => [
  element(
    'p',
    { class: 'verdict' },
    stateBadge(check),
    ' ',
    reasonLink(check.reason),
    element('span', { class: 'quiet' }, ` at ${clockTime(now)}`),
  ),
  element('p', {}, cellText(check.message)),
  stageTable(check),
  factList(
    factsBut(
      checkFacts(check, now),
      'Server',
      'Stages',
      'State',
      'Reason',
      'Message',
      'More',
      'Next',
    ).map(([name, text]) => [name, text === '-' ? undefined : text]),
  ),
  check.failedPart === undefined || check.hint === undefined || check.reason === known
    ? undefined
    : element(
        'div',
        { class: 'next' },
        element('strong', {}, 'Next step'),
        element('p', {}, cellText(check.hint)),
      ),
  element('p', { class: 'quiet' }, 'A check changes nothing. The next sweep writes STATE.'),
];

/** The last stage of a probe that failed is the one that failed. */
function stageTable({ stages, failedPart }: Check): Child {
  if (stages.length === 0) return undefined;
  const total = stages.reduce((sum, { ms }) => sum + ms, 0);
  const lines = stages.map(({ stage, ms }, index) => {
    const hasFailed = failedPart !== undefined && index === stages.length - 1;
    const bar = element('span', { class: 'bar' });
    bar.style.setProperty('--share', String(total === 0 ? 0 : ms / total));
    return element(
      'tr',
      { class: hasFailed ? 'failed' : undefined },
      element('th', { scope: 'row' }, stageNames[stage] ?? stage),
      element('td', {}, bar),
      element('td', { class: 'number' }, rounded(ms)),
      element('td', {}, hasFailed ? 'failed here' : ''),
    );
  });
  return element(
    'table',
    { class: 'stages' },
    element('caption', { class: 'unseen' }, 'Stages of the probe'),
    element(
      'thead',
      { class: 'unseen' },
      element(
        'tr',
        {},
        ...['Stage', 'Share', 'Time', 'Result'].map((name) =>
          element('th', { scope: 'col' }, name),
        ),
      ),
    ),
    element('tbody', {}, ...lines),
    element(
      'tfoot',
      {},
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, 'Total'),
        element('td'),
        element('td', { class: 'number' }, rounded(total)),
        element('td'),
      ),
    ),
  );
}

const rounded = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : String(Math.round(ms))} ms`;
