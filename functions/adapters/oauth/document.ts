import { isRecord } from '../../model/json.ts';
import { oneLine } from '../../model/outside-text.ts';
import { shownUrl } from '../../model/shown-url.ts';
import type { Place, PlaceAnswer, PlaceOf } from '../../model/discovery-report.ts';
import { RefusedByPolicy } from '../network/guard.ts';
import { type AnswerKind, tidyAnswer } from './tidy-answer.ts';
import { causeText, isSafe, type TransportOptions } from './transport.ts';

/** A JSON document after the tidy step, or why there is none. */
export type DocumentResult = { readonly redirectedTo?: URL } & (
  | { readonly kind: 'document'; readonly body: Body; readonly response: Response }
  | { readonly kind: 'none'; readonly answer: PlaceAnswer }
);

type Body = Readonly<Record<string, unknown>>;

/** How long one place may take while others remain. A place that hangs must not cost them all. */
const patienceMs = 5_000;

/** As the probe. */
const mostRedirects = 3;

/**
 * GETs a metadata document without any credentials. Redirects are followed, as the MCP SDKs do: it
 * is the host at that address that sends us on, every hop is guarded, and none leads from https to
 * http. Who may speak for whom is decided by what the document names. Throws nothing that the place
 * could cause.
 */
export async function readDocument(
  address: URL,
  kind: AnswerKind,
  options: TransportOptions,
): Promise<DocumentResult> {
  const signal = AbortSignal.timeout(patienceMs);
  let at = address;
  for (let hops = 0; ; hops += 1) {
    const moved = hops === 0 ? {} : { redirectedTo: at };
    const none = (answer: PlaceAnswer): DocumentResult => ({ kind: 'none', answer, ...moved });
    if (!isSafe(at, options)) return none({ kind: 'insecure' });
    let response: Response;
    try {
      const received = await options.fetch(at.href, {
        headers: { accept: 'application/json' },
        signal,
      });
      response = isRedirect(received) ? received : await tidyAnswer(received, kind);
    } catch (error) {
      const kind = error instanceof RefusedByPolicy ? 'blocked' : 'noAnswer';
      return none({ kind, detail: oneLine(causeText(error), 300) });
    }
    const { status } = response;
    if (!isRedirect(response)) {
      const body: unknown = status === 200 ? await jsonIn(response) : undefined;
      if (isRecord(body)) return { kind: 'document', body, response, ...moved };
      return none(
        status === 200
          ? { kind: 'notJson', contentType: contentTypeOf(response) }
          : { kind: 'httpStatus', status },
      );
    }
    const next = URL.parse(response.headers.get('location') ?? '', at.href);
    const problem =
      next === null
        ? 'without an address'
        : !isSafe(next, options)
          ? 'to an address that is not https'
          : hops >= mostRedirects
            ? `after ${mostRedirects} others`
            : undefined;
    if (next === null || problem !== undefined)
      return none({ kind: 'redirect', status, problem: problem ?? '' });
    at = next;
  }
}

/** A response with a place to go on to. */
const isRedirect = ({ status, headers }: Response): boolean =>
  [301, 302, 303, 307, 308].includes(status) && headers.has('location');

const jsonIn = async (response: Response): Promise<unknown> =>
  response
    .clone()
    .json()
    .catch(() => undefined);

const contentTypeOf = ({ headers }: Response): string =>
  oneLine((headers.get('content-type') ?? '').split(';')[0] ?? '', 60) || 'an unknown type';

/** A place and what it answered, for a report. */
export function placeOf(of: PlaceOf, address: URL, answer: PlaceAnswer, redirectedTo?: URL): Place {
  const shown = { of, address: shownText(address), answer };
  return redirectedTo === undefined ? shown : { ...shown, redirectedTo: shownText(redirectedTo) };
}

const shownText = ({ href }: URL): string => oneLine(shownUrl(href), 300);
