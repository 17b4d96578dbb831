"""Commands in a container, by testinfra over the API server's exec."""
