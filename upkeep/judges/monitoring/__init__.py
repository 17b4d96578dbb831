"""Judge Prometheus, Alertmanager and the maintenance alerts."""
