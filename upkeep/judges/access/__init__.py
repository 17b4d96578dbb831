"""Judge RBAC and the collector's Secrets."""
