"""The commands beside pytest: one module a command, with its options, output and exit codes."""
