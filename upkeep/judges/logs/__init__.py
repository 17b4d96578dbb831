"""Judge the collector's logs."""
