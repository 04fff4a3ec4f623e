import type { StateChange } from './bus-events.ts';
import { hasNextStep, reasonFacts, reasonHint, reasonPage } from './reason-facts.ts';

/**
 * A change of STATE as text for a mail or a chat: what happened, since when, what it means, what to
 * do, and the page of the reason where there is a site. At most 1,000 characters, of
 * `summaryAlphabet` alone: EventBridge puts it into JSON without escaping anything, and Slack and
 * Teams read markup. No text of a server is in it.
 */
export function changeSummary(change: SummarizedChange, site: URL | undefined): string {
  const { namespace, name, to, reason } = change;
  const server = `${namespace}/${name}`;
  const facts = reasonFacts.get(reason);
  const sentences = [
    `${server} is ${to}${reason === '' ? '' : `: ${reason}`}.`,
    timesOf(change),
    facts?.summary.replaceAll('`', ''),
    hasNextStep(reason) ? reasonHint(reason, server) : undefined,
    reasonPage(site, reason),
  ];
  return sentences
    .filter((sentence) => sentence !== undefined)
    .join(' ')
    .replace(forbidden, '?')
    .slice(0, longestSummary);
}

export type SummarizedChange = Pick<
  StateChange,
  'namespace' | 'name' | 'from' | 'to' | 'reason' | 'failingSince' | 'at'
>;

// No quote, backslash, bracket, control character, or mark of Slack, Teams, Markdown or HTML.
const allowed = "A-Za-z0-9 .,:;/()_='?+-";
export const summaryAlphabet = new RegExp(`^[${allowed}]*$`);
const forbidden = new RegExp(`[^${allowed}]`, 'g');
const longestSummary = 1000; // PagerDuty takes 1,024 of payload.summary.

function timesOf({ from, to, failingSince, at }: SummarizedChange): string | undefined {
  if (to === 'Failed') {
    if (from === undefined) return `Its first probe failed at ${minute(at)}.`;
    return failingSince && `It has been failing since ${minute(failingSince)}.`;
  }
  if (from !== 'Failed') return undefined;
  return failingSince === undefined
    ? `It was Failed until ${minute(at)}.`
    : `It failed from ${minute(failingSince)} to ${minute(at)}.`;
}

/** `2026-11-26 14:03 UTC`: Slack would take the colons around seconds for an emoji. */
const minute = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
