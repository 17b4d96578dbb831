"""Judge the collector's configuration."""
