/**
 * Names of Services inside a Kubernetes cluster, as `spec.url` may have them: no machine outside
 * the cluster can resolve or route them.
 */

/** A Service of the cluster and what a request to it has. */
export type ServiceAddress = {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
  readonly secure: boolean;
};

export type InClusterName =
  | ({ readonly kind: 'service' } & ServiceAddress)
  /** The pod of a StatefulSet, or one that has a hostname: a service proxy leads to no single pod. */
  | { readonly kind: 'pod'; readonly namespace: string };

/**
 * What inside the cluster the URL names: `NAME.NAMESPACE.svc`, with or without the domain of the
 * cluster, a dot at the end, and upper case. Undefined: nothing of a cluster, or no URL (Kubernetes,
 * "DNS for Services and Pods").
 */
export function inClusterName(
  text: string | undefined,
  clusterDomain: string,
): InClusterName | undefined {
  if (text === undefined || !mayName.test(text)) return undefined;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  const host = url.hostname.replace(/\.$/, '');
  const domain = `.${clusterDomain.toLowerCase().replace(/^\.|\.$/g, '')}`;
  const short = host.endsWith(domain) ? host.slice(0, -domain.length) : host;
  const labels = short.split('.');
  const kind = labels.pop();
  const namespace = labels.pop();
  const name = labels.pop();
  if (namespace === undefined || !isLabel(namespace) || name === undefined || !isLabel(name))
    return undefined;
  // Without the domain of the cluster, `pod` may be anything.
  if (kind === 'pod') return short === host ? undefined : { kind: 'pod', namespace };
  if (kind !== 'svc') return undefined;
  if (labels.length > 0) return { kind: 'pod', namespace };
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  return { kind: 'service', name, namespace, port, secure };
}

/** Parsing costs time with every probe. Escapes, other letters and white space may end as these. */
const mayName = /svc|pod|[^!-$&-~]/i;

/** RFC 1123, as Kubernetes names Services and namespaces. */
const isLabel = (text: string): boolean =>
  text.length <= 63 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text);

/**
 * Whether a path means the same to everything that it passes on the way through an API server. One
 * that decodes `%2e%2e` or `%2f` once more, or reads `\` as a slash, would lead from the proxy of a
 * Service to another path of the API, with the credentials of the sweep.
 */
export function isPlainPath(text: string): boolean {
  const [, written = ''] = /^https?:\/\/[^/\\?#]*([^?#]*)/i.exec(text.trim()) ?? [];
  const path = URL.parse(text)?.pathname ?? '';
  // Parsing resolves dot segments and turns backslashes, so the written path is judged.
  const isDotted = written.split(/[/\\]/).some((part) => /^(\.|%2e){1,2}$/i.test(part));
  // %25 is a percent sign: with it anything can be encoded twice. %c0 and %c1 begin overlong forms.
  return !isDotted && [written, path].every((one) => !unclear.test(one));
}

const unclear = /\\|\/\/|%([01][\da-f]|2[5ef]|5c|7f|c[01])/i;
