#!/bin/sh
# Prints a kubeconfig with the token of manifests/token, by the rights of your own kubectl.
# Usage: manifests/token/kubeconfig.sh [ADDRESS]
#   ADDRESS  by which AWS reaches the API server. Default: the one that kubectl uses.
#   SECRET   another Secret of the same kind, for a new token (environment variable).
set -eu
name=${SECRET:-muster-sweep-token}

# The address is not a secret; the token is never an argument of a program.
address=${1:-$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')}
secret() {
  kubectl get secret "$name" --namespace muster-serverless --output "go-template=$1"
}

# The control plane fills the Secret shortly after it was created.
tries=0
until token=$(secret '{{with .data}}{{with .token}}{{. | base64decode}}{{end}}{{end}}') && [ -n "$token" ]; do
  tries=$((tries + 1))
  if [ "$tries" -ge 10 ]; then
    echo "The Secret $name has no token. Run: kubectl apply -k manifests/token" >&2
    exit 1
  fi
  sleep 1
done

# The DNS endpoint of GKE has a public certificate. Others have one of the cluster's own authority.
case $address in
  *.gke.goog | *.gke.goog:*) authority= ;;
  *) authority="
      certificate-authority-data: $(secret '{{index .data "ca.crt"}}')" ;;
esac

cat <<YAML
apiVersion: v1
kind: Config
current-context: muster-sweep
contexts:
  - name: muster-sweep
    context:
      cluster: muster-sweep
      user: muster-sweep
clusters:
  - name: muster-sweep
    cluster:
      server: $address$authority
users:
  - name: muster-sweep
    user:
      token: $token
YAML
