"""Ask programs over HTTP: Prometheus, Alertmanager, chart repositories, the collector."""
