import type { McpServer } from '../model/mcpserver.ts';
import { inClusterName, isPlainPath, type ServiceAddress } from '../model/service-name.ts';

/** What the owner of the functions allows for Services inside the cluster. */
export type ServiceProxyRules = {
  readonly isOn: boolean;
  /** Namespaces whose Services MCPServers of every namespace may name. */
  readonly namespaces: readonly string[];
  readonly clusterDomain: string;
};

/** Which way a probe takes. */
export type ProbeRoute =
  /** Straight to its address. `note`: why that will hardly work, and which setting would help. */
  | { readonly kind: 'direct'; readonly note?: string }
  | { readonly kind: 'service'; readonly service: ServiceAddress; readonly via: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unusable'; readonly message: string };

/**
 * The way to a server. One inside the cluster is reached through the API server's service proxy
 * where the owner allows it; all others, and it without the setting, like any address.
 */
export function routeOf(
  { namespace, url }: Pick<McpServer, 'namespace' | 'url'>,
  { isOn, namespaces, clusterDomain }: ServiceProxyRules,
): ProbeRoute {
  const name = inClusterName(url, clusterDomain);
  if (name === undefined) return { kind: 'direct' };
  switch (name.kind) {
    case 'pod':
      return {
        kind: 'direct',
        note: 'the name of a single pod inside the cluster. Only a Service can be probed from outside: use the name of the Service in spec.url',
      };
    case 'service': {
      const service = `the Service ${name.name} inside the cluster`;
      if (!isOn)
        return {
          kind: 'direct',
          note: `the name of ${service}, which only SERVICE_PROXY=on can reach. Its manifest is manifests/services`,
        };
      if (name.namespace !== namespace && !namespaces.includes(name.namespace))
        return {
          kind: 'refused',
          message: `spec.url names a Service of the namespace ${name.namespace}, and the MCPServer is in ${namespace}. SERVICE_NAMESPACES does not list ${name.namespace}`,
        };
      if (!isPlainPath(url ?? ''))
        return {
          kind: 'unusable',
          message:
            'the path of spec.url has dot segments, encoded dots or slashes, a backslash or an empty segment, which are not sent through the API server',
        };
      const { kind: _kind, ...address } = name;
      const tls = name.secure ? '. It does not verify the certificate' : '';
      return {
        kind: 'service',
        service: address,
        via: `Through the API server, to port ${name.port} of the Service ${name.namespace}/${name.name}${tls}`,
      };
    }
  }
}
