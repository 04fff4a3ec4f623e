/** One request to the endpoint, and what came of it. */
import { defined } from '../../../../functions/model/defined.ts';
import { entityTag } from '../../../../functions/model/entity-tag.ts';
import { isRecord, parseJson } from '../../../../functions/model/json.ts';
import { longestMessage, oneLine } from '../../../../functions/model/outside-text.ts';
import { challengeIn } from '../../../../functions/model/renamed-challenge.ts';

export type Answer =
  | { readonly kind: 'ok'; readonly body: unknown }
  | Problem
  | { readonly kind: 'unreachable'; readonly message: string };

/** A problem document (RFC 9457). `status` is 0 for what went wrong on this page. */
export type Problem = {
  readonly kind: 'problem';
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly retryAfterSeconds?: number;
};

/** What went wrong on this page, without an answer of the endpoint. */
export const pageProblem = (problem: Omit<Problem, 'kind' | 'status'>): Problem => ({
  kind: 'problem',
  status: 0,
  ...problem,
});

export type EndpointRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly token?: string;
  /** RFC 9449. */
  readonly proof?: string;
  /** Is sent as JSON. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
  /** Only what is newer than the answer with this tag. */
  readonly ifNoneMatch?: string;
};

export type Exchanged = {
  readonly answer: Answer;
  /** The time at the endpoint, in whole seconds. */
  readonly date?: Date;
  /** The endpoint refused the proof, not the token (RFC 9449, section 7.1). */
  readonly refusesProof: boolean;
  /** Names this answer in `ifNoneMatch`. */
  readonly etag?: string;
  /** Nothing is newer than `ifNoneMatch`. */
  readonly isUnchanged?: true;
};

/** As long as the endpoint waits for others. */
const usualMs = 30_000;

/** Never throws for what the network or the endpoint does. */
export async function exchange(request: EndpointRequest): Promise<Exchanged> {
  const { method, url, token, proof, body, timeoutMs = usualMs, ifNoneMatch } = request;
  try {
    const response = await fetch(url, {
      method,
      headers: defined({
        authorization: token === undefined ? undefined : `Bearer ${token}`,
        dpop: proof,
        'content-type': body === undefined ? undefined : 'application/json',
        'if-none-match': ifNoneMatch,
      }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: 'no-store',
      // The endpoint redirects no request of this page.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { status, headers } = response;
    const challenge = challengeIn((name) => headers.get(name)) ?? '';
    const answer = answerOf(response, await response.text());
    const refusesProof = status === 401 && challenge.includes('invalid_dpop_proof');
    const isUnchanged = status === 304 && ifNoneMatch !== undefined ? (true as const) : undefined;
    return defined({
      answer,
      refusesProof,
      date: momentIn(headers.get('date')),
      etag: entityTag(headers.get('etag')),
      isUnchanged,
    });
  } catch (error) {
    return {
      answer: { kind: 'unreachable', message: causeOf(error, timeoutMs) },
      refusesProof: false,
    };
  }
}

/** Browsers give every failure of the network the same name, with a text of their own. */
function causeOf(error: unknown, timeoutMs: number): string {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `No answer within ${String(timeoutMs / 1_000)} seconds`;
  if (error instanceof TypeError || error instanceof DOMException) return 'The connection failed';
  throw error;
}

function answerOf(response: Pick<Response, 'ok' | 'status' | 'headers'>, text: string): Answer {
  const { ok, status, headers } = response;
  const body = text === '' ? undefined : parseJson(text);
  if (ok && text !== '' && body === undefined)
    return {
      kind: 'problem',
      status,
      title: 'Unexpected response from the endpoint',
      detail: 'The response is not JSON.',
    };
  if (ok) return { kind: 'ok', body };
  const { title, detail, hint } = isRecord(body) ? body : {};
  return {
    kind: 'problem',
    status,
    title: textIn(title) ?? `The endpoint answered HTTP ${String(status)}`,
    ...defined({
      detail: textIn(detail),
      hint: textIn(hint),
      retryAfterSeconds: secondsUntil(headers.get('retry-after'), momentIn(headers.get('date'))),
    }),
  };
}

const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? oneLine(value, longestMessage) : undefined;

/** RFC 9110, section 10.2.3: seconds, or a date by the clock of the endpoint. */
function secondsUntil(value: string | null, there: Date | undefined): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const at = momentIn(value);
  return at === undefined || there === undefined
    ? undefined
    : Math.max(0, Math.round((at.getTime() - there.getTime()) / 1_000));
}

function momentIn(value: string | null): Date | undefined {
  const ms = value === null ? Number.NaN : Date.parse(value);
  return Number.isNaN(ms) ? undefined : new Date(ms);
}
