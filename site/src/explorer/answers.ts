/** What a server can answer, as a probe sees it. */
import type { ProbeOutcome, Timings } from '../../../functions/reachability/outcome.ts';

type Answer<Name extends string = string> = {
  readonly name: Name;
  readonly label: string;
  readonly outcome: ProbeOutcome;
};
type Answered = Extract<ProbeOutcome, { kind: 'answered' }>;
type Unreachable = Extract<ProbeOutcome, { kind: 'unreachable' }>;

const http = <Name extends string>(
  name: Name,
  label: string,
  status: number,
  more: Partial<Answered> = {},
): Answer<Name> => ({
  name,
  label,
  outcome: { kind: 'answered', status, bearerChallenge: false, timings: {}, ...more },
});
const silent = <Name extends string>(
  name: Name,
  label: string,
  stage: Unreachable['stage'],
  cause: Unreachable['cause'],
  detail: string,
  timings: Timings = {},
): Answer<Name> => ({
  name,
  label,
  outcome: { kind: 'unreachable', stage, cause, detail, timings },
});

/** What a server can answer, by its name in the address of the page. */
export const answers = [
  http('200', '200, MCP without a sign-in', 200, {
    classification: 'asksForNothing',
    speaksMcp: 'True',
  }),
  http('200-html', '200, but not MCP (for example, a web page)', 200, {
    classification: 'unclear',
    speaksMcp: 'False',
  }),
  http('400', '400 Bad Request', 400, { classification: 'unclear', speaksMcp: 'Unknown' }),
  http('401', '401 Unauthorized', 401, { bearerChallenge: true }),
  http('403', '403 Forbidden', 403, { classification: 'unclear', speaksMcp: 'Unknown' }),
  http('403-bearer', '403 with a Bearer challenge', 403, { bearerChallenge: true }),
  http('404', '404 Not Found', 404, { classification: 'unclear', speaksMcp: 'False' }),
  http('404-post', '404 for GET, 401 for POST', 404, {
    classification: 'asksForSignIn',
    speaksMcp: 'Unknown',
  }),
  http('405', '405 for GET, MCP for POST', 405, {
    classification: 'asksForNothing',
    speaksMcp: 'True',
  }),
  http('410', '410 Gone', 410, { classification: 'unclear', speaksMcp: 'False' }),
  http('429', '429 Too Many Requests, Retry-After: 120', 429, { retryAfterMs: 120_000 }),
  http('500', '500 Internal Server Error', 500, {
    classification: 'unanswered',
    speaksMcp: 'Unknown',
  }),
  http('redirect', '302 to another host', 302, { redirect: 'otherHost' }),
  http('headers', '200 with headers too large to read', 200, {
    classification: 'unclear',
    speaksMcp: 'Unknown',
  }),
  http('502', '502 Bad Gateway', 502),
  http('503', '503 Service Unavailable', 503),
  http('503-later', '503, Retry-After: 600', 503, { retryAfterMs: 600_000 }),
  silent('refused', 'connection refused', 'tcp', 'refused', 'ECONNREFUSED'),
  silent('reset', 'connection reset', 'headers', 'reset', 'ECONNRESET'),
  silent('no-route', 'no route to the host', 'tcp', 'unreachable', 'ENETUNREACH'),
  silent('silent', 'no answer until the timeout', 'headers', 'timeout', 'no answer within 10 s', {
    headers: 10_000,
  }),
  silent('nxdomain', 'NXDOMAIN: no such host name', 'dns', 'nameNotFound', 'ENOTFOUND'),
  silent('tls-expired', 'an expired certificate', 'tls', 'tlsExpired', 'CERT_HAS_EXPIRED'),
  silent(
    'tls-early',
    'a certificate that is not valid yet',
    'tls',
    'tlsNotYetValid',
    'CERT_NOT_YET_VALID',
  ),
  silent(
    'tls-self-signed',
    'a self-signed certificate',
    'tls',
    'tlsUntrusted',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ),
  silent(
    'tls-other-host',
    'a certificate for another host',
    'tls',
    'tlsHostname',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ),
  silent(
    'tls-plain',
    'plain HTTP where https is expected',
    'tls',
    'tlsProtocol',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ),
  silent(
    'not-http',
    'something that is not HTTP (for example, SSH)',
    'headers',
    'notHttp',
    'Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)',
  ),
  {
    name: 'metadata',
    label: 'nothing: the address is 169.254.169.254',
    outcome: {
      kind: 'refusedByPolicy',
      message: 'cloud metadata addresses are never contacted',
      timings: {},
    },
  },
  http('407', '407, from our own egress proxy', 407),
] as const satisfies readonly Answer[];
export type AnswerName = (typeof answers)[number]['name'];

export const answerOf = (name: AnswerName): Answer =>
  answers.find((answer) => answer.name === name) ?? answers[0];
