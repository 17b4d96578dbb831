"""Releases and upgrades, with the real helm."""
