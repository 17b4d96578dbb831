"""Parse formats: YAML, expositions, log lines, the collector's configuration."""
