"""Serve the embedded cluster: requests to responses, and faults of the connection."""
