"""Writes that are rehearsed by dry run, and those of a drill into a namespace of its own."""
