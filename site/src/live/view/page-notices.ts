/** What a person has to know beside the rows. Pure. */
import { staleNote } from '../../../../cli/commands/list/list-notes.ts';
import { age } from '../../../../cli/output/table.ts';
import { answerText } from './answer-text.ts';
import type { Listing, ListingResult } from './listing.ts';

export type Notice = {
  readonly kind: 'bad' | 'warn';
  readonly title: string;
  readonly lines: readonly string[];
};

/** `last`: what came of the last request. `listing`: the rows on the page, maybe older. */
export function noticesOf(
  last: ListingResult | undefined,
  listing: Listing | undefined,
  now: Date,
): readonly Notice[] {
  const failure = last === undefined ? undefined : failureOf(last);
  return [
    ...(failure === undefined
      ? []
      : [{ ...failure, lines: [...failure.lines, ...oldRows(listing, now)] }]),
    ...(listing === undefined ? [] : notesOf(listing, now)),
  ];
}

function failureOf(last: ListingResult): Notice | undefined {
  switch (last.kind) {
    case 'listing':
      return undefined;
    case 'signInRequired':
      return {
        kind: 'warn',
        title: 'Sign in to see your servers',
        lines: ['This endpoint shows MCP servers only to people who are signed in to muster.'],
      };
    case 'noEndpoint':
      return {
        kind: 'bad',
        title: 'There is no muster endpoint at this address',
        lines: [
          'Open /live/ at the address of your endpoint. To run one on this machine: npm start',
        ],
      };
    case 'failed':
      return {
        kind: 'bad',
        title: 'The list could not be read',
        lines: [answerText(last.answer)],
      };
  }
}

const oldRows = (listing: Listing | undefined, now: Date): readonly string[] =>
  listing === undefined
    ? []
    : [`The rows below are ${age(now.getTime() - listing.readAt.getTime())} old.`];

function notesOf({ rows, problems, sweepsStopped, sweptAt }: Listing, now: Date): Notice[] {
  const stale = staleNote(rows)?.replace(/^Warning: /, '');
  return [
    ...(sweepsStopped && sweptAt !== undefined
      ? [
          {
            kind: 'warn' as const,
            title: `No sweep for ${age(now.getTime() - sweptAt.getTime())}`,
            lines: ['STATE may be stale. Ask the owner of the endpoint to check the schedule.'],
          },
        ]
      : stale === undefined
        ? []
        : [{ kind: 'warn' as const, title: 'Stale rows', lines: [stale] }]),
    ...(problems.length === 0
      ? []
      : [
          {
            kind: 'warn' as const,
            title:
              problems.length === 1
                ? '1 MCPServer cannot be shown'
                : `${String(problems.length)} MCPServers cannot be shown`,
            lines: problems.map(
              ({ namespace, name, message }) => `${namespace}/${name}: ${message}`,
            ),
          },
        ]),
  ];
}
