//go:build tools

// Package apiserver pins the real API server the cluster tests run against; nothing of it is compiled into the product.
package apiserver

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
