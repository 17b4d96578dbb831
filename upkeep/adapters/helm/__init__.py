"""Read Helm's storage, run helm, compare manifests."""
