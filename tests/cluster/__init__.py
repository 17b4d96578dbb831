"""The suite on a real control plane: kube-apiserver, etcd, kube-controller-manager and kwok (make cluster-test)."""
