import type { ConditionStatus } from '../../model/mcpserver.ts';
import type { Classification } from '../../reachability/outcome.ts';
import type { ProbeResponse } from '../network/http-exchange.ts';

/** What one answer says about sign-in, and whether it is MCP. */
export type McpSigns = {
  readonly classification: Classification;
  readonly speaksMcp: ConditionStatus;
};

/** A request of ours that got no answer says nothing. */
export const unanswered: McpSigns = { classification: 'unanswered', speaksMcp: 'Unknown' };

/**
 * What the answer to `POST server/discover` without credentials says. Only a result with 200, or an
 * event stream with 200, shows that no sign-in is needed: a JSON-RPC error may come from a check in
 * front of the one for tokens (dynatrace-oss/dynatrace-mcp#540).
 */
export function signsOfDiscover(answer: ProbeResponse): McpSigns {
  if (asksForSignIn(answer)) return { classification: 'asksForSignIn', speaksMcp: 'Unknown' };
  const message = jsonRpcIn(answer);
  if (message === undefined && !canSay(answer)) return unanswered;
  const isOpen = answer.status === 200;
  const streams = isOpen && isEventStream(answer);
  const isResult = message === 'result' || (streams && message !== 'error');
  return {
    classification: isOpen && isResult ? 'asksForNothing' : 'unclear',
    speaksMcp: message !== undefined || streams ? 'True' : isOther(answer) ? 'False' : 'Unknown',
  };
}

/** What the first bytes of the stream of a server of type `sse` say. */
export function signsOfStream(answer: ProbeResponse): McpSigns {
  if (/^\ufeff?event:\s*endpoint\s*$/m.test(answer.body.toString('utf8')))
    return { classification: 'asksForNothing', speaksMcp: 'True' };
  if (!canSay(answer)) return unanswered;
  const isElse = isOther(answer) && !isEventStream(answer);
  return { classification: 'unclear', speaksMcp: isElse ? 'False' : 'Unknown' };
}

/** A 401 always does, a 403 only with a Bearer challenge. */
export const asksForSignIn = (answer: ProbeResponse): boolean =>
  answer.status === 401 || (answer.status === 403 && hasBearerChallenge(answer));

/** Whether the answer carries `WWW-Authenticate: Bearer`. */
export const hasBearerChallenge = ({ headers }: ProbeResponse): boolean =>
  bearerScheme.test((headers['www-authenticate'] ?? '').replace(quotedString, '""'));

// RFC 9110, section 11.6.1: a realm may speak of Bearer, and a parameter may be called so.
const quotedString = /"(?:[^"\\]|\\.)*(?:"|$)/gs;
const bearerScheme = /(?:^|,)\s*bearer(?:\s+[^\s=]|\s*(?:,|$))/i;

// A server error, a proxy of ours and a rate limit say nothing about sign-in.
const canSay = ({ status }: ProbeResponse): boolean =>
  status < 500 && status !== 407 && status !== 429;

const isEventStream = ({ headers }: ProbeResponse): boolean =>
  (headers['content-type'] ?? '').startsWith('text/event-stream');

type JsonRpc = 'result' | 'error' | 'other';

/** What the answer holds: JSON, or the events of a stream, of which the end may be missing. */
function jsonRpcIn({ body }: ProbeResponse): JsonRpc | undefined {
  const text = dataIn(body.toString('utf8'));
  const isJsonRpc = /"jsonrpc"\s*:\s*"2\.0"/.test(text);
  // TypeScript SDKs write `jsonrpc` last, behind a result that may be longer than what was read.
  const first = /^\s*\{\s*(?:"id"\s*:\s*1\s*,\s*)?"(result|error)"\s*:\s*\{/.exec(text);
  const [, key] = first ?? (isJsonRpc ? /"(result|error)"\s*:/.exec(text) : null) ?? [];
  if (key === 'result' || key === 'error') return key;
  return isJsonRpc ? 'other' : undefined;
}

/** JSON as it is; of a stream, what its events carry. */
const dataIn = (text: string): string =>
  /^\s*[{[]/.test(text)
    ? text
    : text
        .split('\n')
        .flatMap((line) => (line.startsWith('data:') ? [line.slice('data:'.length)] : []))
        .join('\n');

// Every server that speaks MCP answers its one POST by JSON-RPC, or with a status that refuses this
// request: where the path or the method is refused, or something else is answered, there is none.
function isOther({ status, headers, body, isWhole }: ProbeResponse): boolean {
  if (status === 404 || status === 405 || status === 410) return true;
  if (status < 200 || status > 299 || headers['content-encoding'] !== undefined) return false;
  return isWhole ? body.length > 0 : /^\s*</.test(body.toString('utf8'));
}
