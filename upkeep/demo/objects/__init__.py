"""Build the healthy cluster's objects and its programs' data."""
