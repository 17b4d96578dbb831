"""Ask the Kubernetes API, and turn its objects into records."""
