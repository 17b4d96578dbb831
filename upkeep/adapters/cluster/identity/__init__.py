"""Where an API server is and as whom it is asked: kubeconfig, certificates, credentials."""
