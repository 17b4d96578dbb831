"""Judge sign-offs: what only a person can confirm."""
