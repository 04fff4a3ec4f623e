import type { FailedPart } from '../../functions/model/failed-parts.ts';
import { type ReasonFacts, reasonFacts, reasonSlug } from '../../functions/model/reason-facts.ts';
import { page, table } from './markdown-pieces.ts';

/** One page for each reason, by its name below `docs/`: `reasons/connection-refused`. */
export const reasonPages = (): ReadonlyMap<string, string> =>
  new Map(
    [...reasonFacts].map(([reason, facts]) => [
      `reasons/${reasonSlug(reason)}`,
      reasonText(reason, facts),
    ]),
  );

const reasonText = (reason: string, { summary, hint, carrier, part, owner }: ReasonFacts): string =>
  page(
    `# ${reason}`,
    summary,
    table(
      ['question', 'answer'],
      [
        ['Where is it shown?', `In ${carrier}.`],
        ...(part === undefined ? [] : [['What failed?', parts[part]]]),
        ['Who can change it?', owner],
      ],
    ),
    '## What to do',
    hint,
    part === undefined
      ? ''
      : '`muster check NAME --explain` shows each stage of a new probe, and what the next sweep would write.',
    'All values of STATE and SESSION: [State and session](../state-and-session.md). More symptoms: [Troubleshoot](../troubleshoot.md).',
  );

const parts: Readonly<Record<FailedPart, string>> = {
  spec: 'The MCPServer itself. Nothing was contacted.',
  policy: 'The policy of the functions. Nothing was contacted.',
  name: 'The resolution of the host name (DNS).',
  network: 'The network between the functions and the server.',
  tls: 'The TLS handshake.',
  gateway: 'A reverse proxy or load balancer, or the server behind it.',
  server: 'The server.',
  prober: 'The prober. Nothing is known about the server.',
};
