"""What the ledger, waivers and overrides mean: due, overdue, covered, changed since."""
