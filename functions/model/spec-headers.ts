import { oneLine } from './outside-text.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * Why `spec.headers` cannot be sent; undefined: they can. The sentence has names, never a value: a
 * value is a secret.
 */
export function unusableHeader(headers: Headers): string | undefined {
  for (const [name, value] of Object.entries(headers)) {
    const shown = oneLine(name, longestShownName);
    // RFC 9110, section 5.1: a token.
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      return `spec.headers has an invalid header name: ${JSON.stringify(shown)}`;
    if (connectionHeaders.test(name))
      return `spec.headers has ${shown}, which only the connection itself may set`;
    // RFC 9110, section 5.5.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      return `the value of ${shown} in spec.headers has characters that a header must not contain`;
  }
  return undefined;
}

const longestShownName = 60;

// They control the connection itself (RFC 9110, section 7.6.1), which only its sender may do.
const connectionHeaders =
  /^(connection|content-length|expect|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;

/**
 * The first header of `spec.headers` that may lead a request to another virtual host, path or
 * backend than the URL says; undefined without one. A probe may carry it, a person's token must not
 * go along with it.
 */
export function routingHeaderIn(headers: Headers): string | undefined {
  const name = Object.keys(headers).find(isRouting);
  return name === undefined ? undefined : oneLine(name, longestShownName);
}

/** CGI and some proxies read `_` and `.` as `-`. */
const isRouting = (name: string): boolean =>
  name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => routingWords.has(word));

// By their words, because every proxy has names of its own: Host, Forwarded, X-Forwarded-*,
// X-Original-URL and X-Rewrite-URL (IIS, Symfony), X-HTTP-Host-Override, Disguised-Host and
// X-MS-Routing-Name (Azure), X-Envoy-Original-Dst-Host, l5d-dst-override (Linkerd), Fly-Replay,
// Knative-Serving-Revision, Destination (WebDAV). Refusing one too many costs a sign-in; one too
// few, a token.
const routingWords: ReadonlySet<string> = new Set(
  [
    'host hosts hostname vhost authority domain server sni port scheme',
    'forward forwarded forwarding original orig rewrite rewritten override redirect replay',
    'url uri path pathname prefix base location via',
    'route routes router routing reroute upstream backend proxy gateway ingress cluster shard',
    'destination dest dst target envoy istio l5d linkerd knative fly',
  ].flatMap((words) => words.split(' ')),
);
