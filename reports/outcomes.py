"""What becomes of a check: its report for pytest, and its outcome."""
