"""Changes of the subject access."""
