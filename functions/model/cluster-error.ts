/**
 * The cluster cannot be used. The message is one line: what it is about, what happened, what to do.
 * It has nothing that the API server said, and no cause: a cause would carry bodies and headers
 * into logs.
 */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly failure: ClusterFailure;
  constructor(failure: ClusterFailure) {
    super(messageFor(failure));
    this.failure = failure;
  }
}

/**
 * `source` is where the connection was read from, `address` that of the API server, `action` a verb
 * and a resource: `list mcpservers`.
 */
export type ClusterFailure =
  | { readonly reason: 'unreadableKubeconfig'; readonly source: string; readonly code: string }
  | { readonly reason: 'invalidKubeconfig'; readonly source: string }
  | { readonly reason: 'noContext'; readonly source: string; readonly contexts: readonly string[] }
  | { readonly reason: 'invalidAddress'; readonly source: string; readonly address: string }
  | { readonly reason: 'noTls'; readonly source: string }
  | { readonly reason: 'noToken'; readonly address: string; readonly message: string }
  | { readonly reason: 'unauthorized'; readonly address: string }
  | {
      readonly reason: 'forbidden';
      readonly address: string;
      readonly action: string;
      readonly rights: Rights;
    }
  | { readonly reason: 'notServed'; readonly address: string }
  | { readonly reason: 'badRequest'; readonly address: string; readonly action: string }
  | {
      readonly reason: 'unexpectedStatus';
      readonly address: string;
      readonly action: string;
      readonly status: number;
    }
  | { readonly reason: 'unexpectedAnswer'; readonly address: string; readonly expected: string }
  | { readonly reason: 'answerTooLarge'; readonly address: string; readonly action: string }
  | { readonly reason: 'timeout'; readonly address: string; readonly timeoutMs: number }
  | { readonly reason: 'connectionRefused'; readonly address: string }
  | { readonly reason: 'unreachable'; readonly address: string; readonly code: string }
  | {
      readonly reason: 'malformedServer';
      readonly namespace: string;
      readonly name: string;
      readonly message: string;
    }
  | { readonly reason: 'continueExpired' }
  /** Not asked, because it failed just before. */
  | { readonly reason: 'paused'; readonly address: string; readonly retryAfterMs: number };

/** What grants an action: a folder for `kubectl apply -k`, and the ClusterRole in it. */
export type Rights = { readonly manifests: string; readonly clusterRole: string };

function messageFor(failure: ClusterFailure): string {
  switch (failure.reason) {
    case 'unreadableKubeconfig':
      return `${failure.source} cannot be read (${failure.code}). Set KUBECONFIG to a readable file.`;
    case 'invalidKubeconfig':
      return `${failure.source} is not valid. Use the YAML that kubectl config view --raw prints.`;
    case 'noContext':
      return `${failure.source} has no current context that names a cluster. ${contextHint(failure.contexts)}`;
    case 'invalidAddress':
      return `${failure.source} has "${failure.address}" as server. Use an https URL.`;
    case 'noTls':
      return `${failure.source} has a server without TLS. Use an https URL, or set insecure-skip-tls-verify: true.`;
    case 'noToken':
      return `There is no token for the API server ${failure.address}: ${failure.message}`;
    case 'unauthorized':
      return `The API server ${failure.address} does not accept our credentials (401). Check the token or certificate in the kubeconfig, the file in CLUSTER_TOKEN_FILE, or the role for EKS_CLUSTER.`;
    case 'forbidden':
      return `The API server ${failure.address} does not let us ${failure.action} (403). Run: kubectl apply -k ${failure.rights.manifests}, and bind the ClusterRole ${failure.rights.clusterRole} to our user.`;
    case 'notServed':
      return `The API server ${failure.address} does not serve mcpservers of muster.giantswarm.io/v1alpha1 (404). Run: kubectl create -k manifests/crd`;
    case 'badRequest':
      return `The API server ${failure.address} does not understand our request to ${failure.action} (400). Check LABEL_SELECTOR and NAMESPACE.`;
    case 'unexpectedStatus':
      return `The API server ${failure.address} answered ${failure.status} to our request to ${failure.action}. Check its log.`;
    case 'unexpectedAnswer':
      return `The API server ${failure.address} answered with something that is not ${failure.expected}. Check the address of the API server.`;
    case 'answerTooLarge':
      return `The API server ${failure.address} answered with too many bytes to our request to ${failure.action}. Look for a very large MCPServer: kubectl get mcpservers -A -o name`;
    case 'timeout':
      return `The API server ${failure.address} did not answer within ${failure.timeoutMs / 1000} s. Check that the network allows connections to it.`;
    case 'connectionRefused':
      return `The API server ${failure.address} refused the connection. Check that it runs and that the kubeconfig names its address.`;
    case 'unreachable':
      return `The API server ${failure.address} could not be reached (${failure.code}). Check the address and the certificate authority in the kubeconfig.`;
    case 'malformedServer':
      return `MCPServer ${failure.namespace}/${failure.name} cannot be read: ${failure.message}. Run: kubectl edit mcpserver ${failure.name} --namespace ${failure.namespace}`;
    case 'paused':
      return `The API server ${failure.address} does not answer. It is asked again in ${Math.ceil(failure.retryAfterMs / 1000)} s.`;
    case 'continueExpired':
      return 'The continue token expired while the sweep was looking for its later pages. The next sweep starts again.';
  }
}

const contextHint = (contexts: readonly string[]): string =>
  contexts[0] === undefined
    ? 'Add a context to it.'
    : `Its contexts: ${contexts.join(', ')}. Run: kubectl config use-context ${contexts[0]}`;
