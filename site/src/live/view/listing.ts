/** The caller's list, answer by answer, and what came of asking for it. */
import { isList } from '../../../../cli/api/guards.ts';
import { defined } from '../../../../functions/model/defined.ts';
import type { List, Row } from '../../../../functions/model/wire/server-wire.ts';
import type { Answer, AnswerTag, PersonSession } from '../session/person-session.ts';

export type Listing = {
  readonly rows: readonly Row[];
  /** MCPServers that could not be read. */
  readonly problems: List['problems'];
  /** Decides whether there is a SESSION column. */
  readonly signedIn: boolean;
  readonly sweptAt?: Date;
  readonly sweepsStopped: boolean;
  readonly readAt: Date;
};

export type ListingResult =
  | { readonly kind: 'listing'; readonly listing: Listing }
  /** The list is only for people who are signed in. */
  | { readonly kind: 'signInRequired' }
  /** Something answers here that is not the endpoint of muster. */
  | { readonly kind: 'noEndpoint' }
  | { readonly kind: 'failed'; readonly answer: Exclude<Answer, { kind: 'ok' }> };

/** The most that an endpoint takes; it gives as many as fit into one answer. */
const rowsOfAnswer = '5000';
const mostAnswers = 200;
/** How often a list is started when the cluster drops its snapshot half-way. */
const maxStarts = 3;

/** Reads the list again and again. One that has not changed keeps its rows. */
export function listingReader(
  readAgain: PersonSession['readAgain'],
  now: () => Date,
): () => Promise<ListingResult> {
  let known: { readonly tag: AnswerTag; readonly listing: Listing } | undefined;

  const readOnce = async (): Promise<ListingResult> => {
    const pages: List[] = [];
    let next: string | undefined;
    let tag: AnswerTag | undefined;
    do {
      const query = new URLSearchParams(
        defined({ limit: rowsOfAnswer, conditions: 'none', continue: next }),
      );
      const path = `/v1/mcpservers?${query.toString()}`;
      const answer = await readAgain(path, next === undefined ? known?.tag : undefined);
      if (answer.kind === 'unchanged')
        return known === undefined
          ? { kind: 'noEndpoint' }
          : { kind: 'listing', listing: { ...known.listing, readAt: now() } };
      if (answer.kind !== 'ok') return notListed(answer);
      if (!isList(answer.body)) return { kind: 'noEndpoint' };
      pages.push(answer.body);
      ({ tag } = answer);
      next = answer.body.continue;
    } while (next !== undefined && pages.length < mostAnswers);
    const listing = listingOf(pages, now());
    // A tag names one answer, so it stands for a list that has no other.
    known = tag !== undefined && pages.length === 1 ? { tag, listing } : undefined;
    return { kind: 'listing', listing };
  };

  return async () => {
    for (let start = 1; ; start += 1) {
      const result = await readOnce();
      const isExpired =
        result.kind === 'failed' &&
        result.answer.kind === 'problem' &&
        result.answer.status === 410;
      if (!isExpired || start === maxStarts) return result;
    }
  };
}

function notListed(answer: Exclude<Answer, { kind: 'ok' }>): ListingResult {
  if (answer.kind === 'problem' && answer.status === 401) return { kind: 'signInRequired' };
  // A page instead of JSON, or none at all: a host of files.
  const isPage = answer.kind === 'problem' && answer.status >= 200 && answer.status < 300;
  if (isPage || (answer.kind === 'problem' && answer.status === 404)) return { kind: 'noEndpoint' };
  return { kind: 'failed', answer };
}

function listingOf(pages: readonly List[], readAt: Date): Listing {
  const sweptAt = pages.findLast((page) => page.sweptAt !== undefined)?.sweptAt;
  return defined({
    rows: pages.flatMap(({ items }) => items),
    problems: pages.flatMap(({ problems }) => problems),
    signedIn: pages.some(({ me }) => me !== undefined),
    sweptAt: sweptAt === undefined ? undefined : new Date(sweptAt),
    sweepsStopped: pages.some((page) => page.sweepsStopped === true),
    readAt,
  });
}
