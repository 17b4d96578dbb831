"""Sources that lie plausibly, and what becomes of a failing control."""
