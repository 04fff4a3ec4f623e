/** The MCPServers that the owner selected, for the endpoint. */
import type { Cluster } from '../adapters/cluster/apiserver.ts';
import { pageLister, serverReader } from '../adapters/cluster/kubernetes.ts';
import { defined } from '../model/defined.ts';
import { readSelector } from '../model/label-selector.ts';
import type { ReadServer } from '../model/mcpserver.ts';
import type { ServerPorts } from '../routes/server-routes.ts';
import { rememberedItems } from './remembered-items.ts';
import { mostKept } from './server-size.ts';

/**
 * A namespace and labels that a caller asks for narrow the owner's selection; they never widen it.
 * Where namespaces may be hidden from a person, the cluster is not asked for their labels over all
 * namespaces: `continue` would count the hidden MCPServers that have them.
 */
export function selectedLister(cluster: Cluster, mayHide: boolean): ServerPorts['listPage'] {
  const read = rememberedItems(mostKept);
  const listAll = pageLister(cluster, undefined, read);
  return async ({ namespace, labelSelector, ...page }) => {
    const own = cluster.selection;
    if (namespace === undefined && labelSelector === undefined) return listAll(page);
    if (namespace !== undefined && (own.namespace ?? namespace) !== namespace)
      return { kind: 'page', page: { servers: [], malformed: [] } };
    const isFilteredHere = mayHide && namespace === undefined;
    const labels = [own.labelSelector, isFilteredHere ? undefined : labelSelector];
    const selection = defined({
      namespace: namespace ?? own.namespace,
      labelSelector: labels.filter((text) => text).join(',') || undefined,
    });
    const selects = isFilteredHere ? readSelector(labelSelector ?? '') : undefined;
    return pageLister({ ...cluster, selection }, selects, read)(page);
  };
}

/**
 * What the owner does not list cannot be read by name, and only names reach the address of a
 * request to the cluster.
 */
export function selectedReader(cluster: Cluster): ReadServer {
  const read = serverReader(cluster);
  const { namespace: only } = cluster.selection;
  return async (namespace, name) => {
    const isOurs = isName(namespace) && isName(name) && (only === undefined || only === namespace);
    return isOurs ? read(namespace, name) : undefined;
  };
}

/** What Kubernetes allows as a name (RFC 1123 subdomain). */
const isName = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);
