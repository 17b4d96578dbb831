"""deploy/ on the real API server, its pods run as processes."""
