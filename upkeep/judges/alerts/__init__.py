"""Judge alert groups: received, processed, sent, and how fast."""
