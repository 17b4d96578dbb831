"""The commands beside pytest. Each module is one command with its options, what it prints and its exit codes."""
