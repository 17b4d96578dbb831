"""What Kubernetes, Prometheus and the collector mean by their words. Pure: no I/O, no clock."""
