"""The settings of a run: command line over environment over settings file, checked before any request."""
